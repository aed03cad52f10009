/** The first page to look at: who is here, how well is each of them, how fast are failures seen, do the logs flow. */

import { byNode, counted, GREEN_ABOVE_ZERO, half, lasting, perSecond, quantiles, rateBy, RED_ABOVE_ZERO, stat, third, wideStat } from '../panels.mjs';

export const dashboard = {
  uid: 'muster-overview',
  title: 'Muster overview',
  description: 'Members by status, health scores, detection of failures, beats, the flow of log records, and routing.',
  tags: ['muster'],
  variables: [
    { name: 'job', label: 'Service', query: 'label_values(muster_service_info, job)' },
    { name: 'node', label: 'Node', query: 'label_values(muster_service_info{job=~"$job"}, node_id)' },
  ],
  rows: [
    {
      title: 'Now',
      panels: [
        stat('Healthy members', 'Members whose status is HEALTHY, as the coordinators count them.', {
          unit: 'short',
          thresholds: GREEN_ABOVE_ZERO,
          targets: [{ expr: 'max(cluster_healthy_nodes)', legend: 'healthy' }],
        }),
        stat('Down members', 'Members that are DOWN and have not come back.', {
          unit: 'short',
          thresholds: RED_ABOVE_ZERO,
          targets: [{ expr: 'max(cluster_members{status="DOWN"})', legend: 'down' }],
        }),
        wideStat('Quorum', 'Whether changes of membership can be committed, and whether a coordinator trusts itself to judge.', {
          unit: 'bool_yes_no',
          thresholds: GREEN_ABOVE_ZERO,
          targets: [
            { expr: 'max(cluster_has_quorum)', legend: 'quorum' },
            { expr: 'max(coordinator_judging)', legend: 'judging' },
          ],
        }),
        stat('Failures detected', 'Members declared DOWN in the time shown.', {
          unit: 'short',
          thresholds: RED_ABOVE_ZERO,
          targets: [{ expr: 'sum(increase(cluster_failures_detected_total[$__range]))', legend: 'failures', instant: true }],
        }),
        stat('Beats received', 'Beats that reached a coordinator, by either lane; those on direct lanes reach each of them.', {
          unit: 'cps',
          targets: [{ expr: 'sum(rate(cluster_heartbeats_received_total[$__rate_interval]))', legend: 'beats' }],
        }),
        stat('Log records stored', 'Log records written to PostgreSQL by all consumers.', {
          unit: 'cps',
          targets: [{ expr: 'sum(rate(consumer_records_stored_total{topic="logs.records"}[$__rate_interval]))', legend: 'records' }],
        }),
        stat('Consumer lag', 'Records in Kafka that consumers have not stored yet, over the partitions they hold.', {
          unit: 'short',
          targets: [{ expr: 'sum(clamp_min(consumer_lag_records, 0))', legend: 'records' }],
        }),
      ],
    },
    {
      title: 'Members',
      panels: [
        half('Members by status', 'How many members have each status, as the coordinators count them.', {
          unit: 'short',
          min: 0,
          stack: true,
          targets: [{ expr: 'max by (status) (cluster_members)', legend: '{{status}}' }],
        }),
        half('Health score', 'Score of each member from 0 to 100: beats, processor, memory, event loop, errors and registered checks.', {
          unit: 'short',
          min: 0,
          max: 100,
          targets: [{ expr: 'max by (member) (cluster_member_health_score{member=~"$node"})', legend: '{{member}}' }],
        }),
      ],
    },
    {
      title: 'Detection',
      panels: [
        lasting('Time to detect', 'From the last sign of life of a member to the verdict DOWN, by class of evidence. A crash is known in under a second, silence never later than failure.timeoutMs.', ...quantiles(0.99, 'cluster_detection_seconds', 'class')),
        perSecond('Verdicts', 'Members that became SUSPECT, and those found to have failed, by class of evidence.', [rateBy('class', 'cluster_suspicions_total'), 'suspect, {{class}}'], [rateBy('class', 'cluster_failures_detected_total'), 'failed, {{class}}']),
        perSecond('Withheld verdicts', 'Verdicts that the evidence asked for and that were not given, by what stood against them.', [rateBy('reason', 'cluster_verdicts_withheld_total'), '{{reason}}']),
        counted('Suspicion', 'Phi of each member: how unlikely its silence is. The default threshold of SUSPECT is 8.', ['max by (member) (cluster_member_phi{member=~"$node"})', '{{member}}']),
        counted('Brakes and damping', 'Brakes that hold up verdicts by silence, and members that flap and get no traffic for a while.', ['max by (scope) (cluster_brake_active)', 'brake, {{scope}}'], ['max(cluster_damped_nodes)', 'damped members']),
        perSecond('Probes', 'Looks at members in doubt: by a coordinator itself or by a member that it asked, and what was found.', [rateBy('by, result', 'coordinator_probes_total'), '{{by}}: {{result}}']),
      ],
    },
    {
      title: 'What coordinators hear',
      panels: [
        perSecond('Beats', 'Beats sent by members, received by coordinators, and those that a lane did not take.', [rateBy('lane', 'cluster_heartbeats_sent_total'), 'sent, {{lane}}'], [rateBy('lane', 'cluster_heartbeats_received_total'), 'received, {{lane}}'], [rateBy('lane', 'cluster_heartbeats_send_failures_total'), 'not taken, {{lane}}']),
        counted('Direct lanes', 'Members with a direct lane to each coordinator, and members in the live set. Only a coordinator itself needs none.', [byNode('coordinator_lanes_open{job=~"$job"}'), '{{node_id}}'], ['max(cluster_total_nodes)', 'members']),
        lasting('Canary age', "Time since a coordinator's own beat came back through each partition. Above a deadline, silence behind that partition proves nothing.", ['max by (partition) (coordinator_canary_age_seconds)', 'partition {{partition}}']),
        lasting('Main loops', 'How long the main loop of each member has not moved. From 0.7 s on it loses its traffic, and is not declared dead.', [byNode('cluster_agent_main_loop_lag_seconds{job=~"$job"}'), '{{node_id}}']),
        perSecond('Unobserved time', 'Seconds a second that did not count as silence: a coordinator did not run, or nothing came through a partition.', [rateBy('what', 'coordinator_unobserved_seconds_total'), '{{what}}']),
        perSecond('Refused proposals', 'Proposals that were refused when they were applied, because something newer was known.', [rateBy('command', 'coordinator_proposals_rejected_total'), '{{command}}']),
      ],
    },
    {
      title: 'Logs',
      panels: [
        perSecond('Log records', 'Records acknowledged by Kafka, records stored in PostgreSQL, and records that Kafka did not acknowledge.', ['sum(rate(producer_records_acknowledged_total[$__rate_interval]))', 'acknowledged'], ['sum(rate(consumer_records_stored_total{topic="logs.records"}[$__rate_interval]))', 'stored'], ['sum(rate(producer_records_failed_total[$__rate_interval]))', 'failed']),
        counted('Lag', 'Records of the partitions held that a replica has not handled yet, by service and group.', ['sum by (job, group) (messaging_consumer_lag_records{job=~"$job"})', '{{job}} {{group}}']),
        perSecond('Put aside', 'Records that could not be processed and went to a dead-letter topic, with the reason in their headers.', [rateBy('topic', 'messaging_dead_letters_total'), '{{topic}}']),
      ],
    },
    {
      title: 'Routing',
      panels: [
        third('reqps')('Requests', 'Requests that gateways passed on, by service and outcome: as answered, broken, client gone, or refused.', [rateBy('service, outcome', 'gateway_requests_total'), '{{service}} {{outcome}}']),
        lasting('Answer time', 'From the head of a request to the end of its answer, by service.', ...quantiles(0.99, 'gateway_request_duration_seconds', 'service')),
        perSecond('Retries and last resorts', 'Attempts on another member, those that the retry budget did not allow, and requests for which nobody routable was left.', [rateBy('service, reason', 'gateway_retries_total'), '{{service}} {{reason}}'], [rateBy('service', 'gateway_retries_denied_total'), '{{service}} denied'], [rateBy('service, tier', 'gateway_last_resort_total'), '{{service}} to {{tier}}']),
      ],
    },
    {
      title: 'Processes',
      panels: [
        third('percentunit')('Processor', 'Processor time of each process; 100 % is one core.', [byNode('rate(process_cpu_seconds_total{job=~"$job"}[$__rate_interval])'), '{{node_id}}']),
        third('bytes')('Memory', 'Resident memory of each process.', [byNode('process_resident_memory_bytes{job=~"$job"}'), '{{node_id}}']),
        third('percentunit')('Event loop', 'Share of time that the event loop of each process was busy. Near 1 it can answer nobody.', [byNode('nodejs_eventloop_utilization_ratio{job=~"$job"}'), '{{node_id}}']),
      ],
    },
  ],
};
