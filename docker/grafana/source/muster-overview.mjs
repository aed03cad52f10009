/** The first page to look at: who is here, how well is each of them, how fast are failures seen, do the logs flow. */

const panel = (type, width) => (title, description, options) => ({ type, width, title, description, ...options });
const stat = panel('stat', 3);
const wideStat = panel('stat', 6);
const half = panel('timeseries', 12);
const third = panel('timeseries', 8);

const GREEN_ABOVE_ZERO = [{ color: 'red', value: null }, { color: 'green', value: 1 }];
const RED_ABOVE_ZERO = [{ color: 'green', value: null }, { color: 'red', value: 1 }];
const NODE = 'job=~"$job", node_id=~"$node"';
/** Adds the node id to what a process says of itself. */
const byNode = (expr) => `(${expr}) * on (instance) group_left (node_id) muster_service_info{${NODE}}`;

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
        stat('Healthy members', 'Members whose status is HEALTHY, as the coordinator counts them.', {
          unit: 'short',
          thresholds: GREEN_ABOVE_ZERO,
          targets: [{ expr: 'max(cluster_healthy_nodes)', legend: 'healthy' }],
        }),
        stat('Down members', 'Members that are DOWN and have not come back.', {
          unit: 'short',
          thresholds: RED_ABOVE_ZERO,
          targets: [{ expr: 'max(cluster_members{status="DOWN"})', legend: 'down' }],
        }),
        wideStat('Quorum', 'Whether changes of membership can be committed, and whether the coordinator trusts itself to judge.', {
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
        stat('Beats received', 'Beats that reached the coordinator, by either lane.', {
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
        half('Members by status', 'How many members have each status, as the coordinator counts them.', {
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
        third('Time to detect', 'From the last beat of a member to the verdict DOWN. The promise is at most 15 s at the defaults.', {
          unit: 's',
          min: 0,
          targets: [
            { expr: 'histogram_quantile(0.5, sum by (le) (rate(cluster_detection_seconds_bucket[$__rate_interval])))', legend: 'median' },
            { expr: 'histogram_quantile(0.95, sum by (le) (rate(cluster_detection_seconds_bucket[$__rate_interval])))', legend: '95 %' },
          ],
        }),
        third('Suspicion', 'Phi of each member: how unlikely its silence is. The default threshold of SUSPECT is 8.', {
          unit: 'short',
          min: 0,
          targets: [{ expr: 'max by (member) (cluster_member_phi{member=~"$node"})', legend: '{{member}}' }],
        }),
        third('Beats', 'Beats sent by members, received by the coordinator, and those that a lane did not take.', {
          unit: 'cps',
          min: 0,
          targets: [
            { expr: 'sum by (lane) (rate(cluster_heartbeats_sent_total[$__rate_interval]))', legend: 'sent, {{lane}}' },
            { expr: 'sum(rate(cluster_heartbeats_received_total[$__rate_interval]))', legend: 'received' },
            { expr: 'sum by (lane) (rate(cluster_heartbeats_send_failures_total[$__rate_interval]))', legend: 'not taken, {{lane}}' },
          ],
        }),
      ],
    },
    {
      title: 'Logs',
      panels: [
        third('Log records', 'Records acknowledged by Kafka, records stored in PostgreSQL, and records that Kafka did not acknowledge.', {
          unit: 'cps',
          min: 0,
          targets: [
            { expr: 'sum(rate(producer_records_acknowledged_total[$__rate_interval]))', legend: 'acknowledged' },
            { expr: 'sum(rate(consumer_records_stored_total{topic="logs.records"}[$__rate_interval]))', legend: 'stored' },
            { expr: 'sum(rate(producer_records_failed_total[$__rate_interval]))', legend: 'failed' },
          ],
        }),
        third('Lag', 'Records of the partitions held that a replica has not handled yet, by service and group.', {
          unit: 'short',
          min: 0,
          targets: [{ expr: 'sum by (job, group) (messaging_consumer_lag_records{job=~"$job"})', legend: '{{job}} {{group}}' }],
        }),
        third('Put aside', 'Records that could not be processed and went to a dead-letter topic, with the reason in their headers.', {
          unit: 'cps',
          min: 0,
          targets: [{ expr: 'sum by (topic) (rate(messaging_dead_letters_total[$__rate_interval]))', legend: '{{topic}}' }],
        }),
      ],
    },
    {
      title: 'Routing',
      panels: [
        third('Requests', 'Requests that gateways passed on, by service and outcome: as answered, broken, client gone, or refused.', {
          unit: 'reqps',
          min: 0,
          targets: [{ expr: 'sum by (service, outcome) (rate(gateway_requests_total[$__rate_interval]))', legend: '{{service}} {{outcome}}' }],
        }),
        third('Answer time', 'From the head of a request to the end of its answer, by service.', {
          unit: 's',
          min: 0,
          targets: [
            { expr: 'histogram_quantile(0.5, sum by (le, service) (rate(gateway_request_duration_seconds_bucket[$__rate_interval])))', legend: '{{service}} median' },
            { expr: 'histogram_quantile(0.99, sum by (le, service) (rate(gateway_request_duration_seconds_bucket[$__rate_interval])))', legend: '{{service}} 99 %' },
          ],
        }),
        third('Retries', 'Attempts on another member, and those that the retry budget did not allow.', {
          unit: 'cps',
          min: 0,
          targets: [
            { expr: 'sum by (service, reason) (rate(gateway_retries_total[$__rate_interval]))', legend: '{{service}} {{reason}}' },
            { expr: 'sum by (service) (rate(gateway_retries_denied_total[$__rate_interval]))', legend: '{{service}} denied' },
          ],
        }),
      ],
    },
    {
      title: 'Processes',
      panels: [
        third('Processor', 'Processor time of each process; 100 % is one core.', {
          unit: 'percentunit',
          min: 0,
          targets: [{ expr: byNode(`rate(process_cpu_seconds_total{job=~"$job"}[$__rate_interval])`), legend: '{{node_id}}' }],
        }),
        third('Memory', 'Resident memory of each process.', {
          unit: 'bytes',
          min: 0,
          targets: [{ expr: byNode('process_resident_memory_bytes{job=~"$job"}'), legend: '{{node_id}}' }],
        }),
        third('Event loop', 'Share of time that the event loop of each process was busy. Near 1 it can answer nobody.', {
          unit: 'percentunit',
          min: 0,
          max: 1,
          targets: [{ expr: byNode('nodejs_eventloop_utilization_ratio{job=~"$job"}'), legend: '{{node_id}}' }],
        }),
      ],
    },
  ],
};
