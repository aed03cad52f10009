/** Each coordinator by itself: what it hears, what it concludes, what it tells, and what that costs. */
import { byNode, counted, GREEN_ABOVE_ZERO, lasting, perSecond, quantiles, rateBy, stat, third, wideStat } from '../panels.mjs';

const COORDINATOR = 'service="coordinator", node_id=~"$coordinator"';
const each = (expr) => [byNode(expr, COORDINATOR), '{{node_id}}'];
/** One line for each coordinator and value of the label. */
const eachBy = (label, metric) => [byNode(`sum by (instance, ${label}) (rate(${metric}[$__rate_interval]))`, COORDINATOR), `{{node_id}} {{${label}}}`];

export const dashboard = {
  uid: 'muster-coordinators',
  title: 'Coordinator Metrics',
  description: 'What each coordinator hears, concludes and publishes, and what it costs.',
  tags: ['muster'],
  variables: [{ name: 'coordinator', label: 'Coordinator', query: 'label_values(muster_service_info{service="coordinator"}, node_id)' }],
  rows: [
    {
      title: 'Now',
      panels: [
        wideStat('Judging', 'Which coordinators trust themselves to judge. Only the leader’s verdicts count; the others are ready to lead.', { unit: 'bool_yes_no', thresholds: GREEN_ABOVE_ZERO, targets: [{ expr: byNode('coordinator_judging', COORDINATOR), legend: '{{node_id}}' }] }),
        wideStat('Leads', 'Which of them leads.', { unit: 'bool_yes_no', targets: [{ expr: byNode('coordinator_is_leader', COORDINATOR), legend: '{{node_id}}' }] }),
        stat('Members', 'Members in the live set.', { unit: 'short', targets: [{ expr: 'max(cluster_total_nodes)', legend: 'members' }] }),
        stat('Healthy', 'Members that are HEALTHY.', { unit: 'short', thresholds: GREEN_ABOVE_ZERO, targets: [{ expr: 'max(cluster_healthy_nodes)', legend: 'healthy' }] }),
        stat('Watchers', 'Open event streams, over all coordinators.', { unit: 'short', targets: [{ expr: 'sum(coordinator_watchers)', legend: 'streams' }] }),
        stat('Never published', 'Changes that never reached the bus, because it was away for too long.', { unit: 'short', thresholds: [{ color: 'green', value: null }, { color: 'red', value: 1 }], targets: [{ expr: 'max(coordinator_outbox_dropped_changes)', legend: 'changes' }] }),
      ],
    },
    {
      title: 'Hears',
      panels: [
        perSecond('Beats', 'Beats that each coordinator took, by lane.', eachBy('lane', 'cluster_heartbeats_received_total')),
        perSecond('Beats not taken', 'Beats that were refused, by reason.', eachBy('reason', 'cluster_heartbeats_rejected_total')),
        counted('Direct lanes', 'Members that have a direct lane to each coordinator: all but itself should.', each('coordinator_lanes_open')),
        perSecond('Lanes broken or refused', 'Direct lanes that a coordinator ended, and those that it did not open.', eachBy('reason', 'coordinator_lanes_cut_total'), eachBy('code', 'coordinator_lanes_refused_total')),
        lasting('Canary age', 'Time since the own beat of a coordinator came back through the slowest partition.', each('max by (instance) (coordinator_canary_age_seconds)')),
        perSecond('Unobserved time', 'Seconds a second that did not count as silence: it did not run, or nothing came through a partition.', eachBy('what', 'coordinator_unobserved_seconds_total')),
      ],
    },
    {
      title: 'Concludes',
      panels: [
        lasting('Time to detect', 'From the last sign of life of a member to the verdict DOWN, by class of evidence.', ...quantiles(0.99, 'cluster_detection_seconds', 'class')),
        perSecond('Verdicts', 'Members that became SUSPECT, and those found to have failed, by class of evidence.', [rateBy('class', 'cluster_suspicions_total'), 'suspect, {{class}}'], [rateBy('class', 'cluster_failures_detected_total'), 'failed, {{class}}']),
        perSecond('Withheld verdicts', 'Verdicts that the evidence asked for and that were not given. Those of a follower are left to the leader.', eachBy('reason', 'cluster_verdicts_withheld_total')),
        perSecond('Probes', 'Looks at members in doubt, by who looked and what was found.', [rateBy('by, result', 'coordinator_probes_total'), '{{by}}: {{result}}']),
        perSecond('Refused proposals', 'Proposals that were refused when they were applied, because something newer was known.', eachBy('command', 'coordinator_proposals_rejected_total')),
        perSecond('Messages on lanes', 'Messages on direct lanes, by kind and direction.', [rateBy('kind, direction', 'coordinator_lane_messages_total'), '{{kind}} {{direction}}']),
      ],
    },
    {
      title: 'Tells',
      panels: [
        perSecond('Published', 'Changes of membership that the bus acknowledged. Only the leader publishes.', each('rate(coordinator_changes_published_total[$__rate_interval])')),
        perSecond('Failed attempts', 'Attempts to publish changes that failed; they are repeated.', each('rate(coordinator_publish_failures_total[$__rate_interval])')),
        counted('Waiting', 'Changes of membership that wait to be published.', each('coordinator_outbox_changes')),
      ],
    },
    {
      title: 'Costs',
      panels: [
        third('percentunit')('Processor', 'Processor time of each coordinator; 100 % is one core.', each('rate(process_cpu_seconds_total[$__rate_interval])')),
        third('bytes')('Memory', 'Resident memory of each coordinator.', each('process_resident_memory_bytes')),
        third('percentunit')('Event loop', 'Share of time that the event loop was busy. Near 1 it can hear nobody.', each('nodejs_eventloop_utilization_ratio')),
      ],
    },
  ],
};
