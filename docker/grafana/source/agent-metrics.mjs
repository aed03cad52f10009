/** Members as their agents see themselves: do their beats get out, do coordinators hear them directly, are they asked to look at others. */
import { byNode, counted, half, lasting, perSecond, RED_ABOVE_ZERO, stat, third } from '../panels.mjs';

const each = (expr) => [byNode(expr), '{{node_id}}'];
const eachBy = (label, metric) => [byNode(`sum by (instance, ${label}) (rate(${metric}[$__rate_interval]))`), `{{node_id}} {{${label}}}`];

export const dashboard = {
  uid: 'muster-agents',
  title: 'Agent Metrics',
  description: 'The agents in all members: beats, direct lanes, probes, and how each member fares.',
  tags: ['muster'],
  variables: [
    { name: 'job', label: 'Service', query: 'label_values(muster_service_info, job)' },
    { name: 'node', label: 'Node', query: 'label_values(muster_service_info{job=~"$job"}, node_id)' },
  ],
  rows: [
    {
      title: 'Now',
      panels: [
        stat('Agents', 'Members that Prometheus reaches.', { unit: 'short', targets: [{ expr: 'count(cluster_agent_lanes_open)', legend: 'agents' }] }),
        stat('Beats sent', 'Beats that a lane took, over all members.', { unit: 'cps', targets: [{ expr: 'sum(rate(cluster_heartbeats_sent_total[$__rate_interval]))', legend: 'beats' }] }),
        stat('Lanes missing', 'Direct lanes that should be open and are not, over all members.', { unit: 'short', thresholds: RED_ABOVE_ZERO, targets: [{ expr: 'sum(cluster_agent_lanes_wanted - cluster_agent_lanes_open)', legend: 'lanes' }] }),
        stat('Frozen', 'Members whose main loop has not moved for 0.7 s or longer: they get no traffic.', { unit: 'short', thresholds: RED_ABOVE_ZERO, targets: [{ expr: 'count(cluster_agent_main_loop_lag_seconds >= 0.7) or vector(0)', legend: 'members' }] }),
        stat('Beats lost', 'Beats that were never sent in the time shown: slept through, or overtaken by a newer one.', { unit: 'short', thresholds: RED_ABOVE_ZERO, targets: [{ expr: 'sum(increase(cluster_heartbeats_missed_total[$__range]))', legend: 'beats', instant: true }] }),
        stat('Lowest score', 'Health score of the member that fares worst, 0 to 100.', { unit: 'short', targets: [{ expr: 'min(cluster_member_health_score)', legend: 'score' }] }),
        stat('Threads replaced', 'Times in the time shown that the thread that beats died and was replaced.', { unit: 'short', thresholds: RED_ABOVE_ZERO, targets: [{ expr: 'sum(increase(cluster_agent_worker_deaths_total[$__range]))', legend: 'threads', instant: true }] }),
      ],
    },
    {
      title: 'Beats',
      panels: [
        perSecond('Sent', 'Beats that a lane took, by member and lane. On direct lanes one goes to each coordinator.', eachBy('lane', 'cluster_heartbeats_sent_total')),
        perSecond('Not taken', 'Beats that a lane did not take; the other one gets them.', eachBy('lane', 'cluster_heartbeats_send_failures_total')),
        perSecond('Never sent', 'Beats that were slept through, or overtaken by a newer one.', each('rate(cluster_heartbeats_missed_total[$__rate_interval])')),
        counted('Lane in use', 'Members by the lane that takes their beats now.', ['sum by (lane) (cluster_heartbeat_lane)', '{{lane}}']),
        counted('Direct lanes', 'Coordinators that hear each member directly, and how many should.', each('cluster_agent_lanes_open{job=~"$job"}'), ['max(cluster_agent_lanes_wanted)', 'wanted']),
        perSecond('Lanes opened', 'Direct lanes that were opened. Where this does not come to rest, something between breaks them.', each('rate(cluster_agent_lane_opens_total[$__rate_interval])')),
      ],
    },
    {
      title: 'Looks at each other',
      panels: [
        perSecond('Probes made', 'Looks at other members that a coordinator asked for.', each('rate(cluster_agent_probes_made_total[$__rate_interval])')),
        perSecond('Probes served', 'Times that somebody was told at the probe port who is here.', each('rate(cluster_agent_probes_served_total[$__rate_interval])')),
        perSecond('Probes declined', 'Looks that were asked for while too many were under way, or at addresses that are not looked at.', each('rate(cluster_agent_probes_declined_total[$__rate_interval])')),
      ],
    },
    {
      title: 'How members fare',
      panels: [
        half('Health score', 'Score of each member from 0 to 100.', { unit: 'short', min: 0, max: 100, targets: [{ expr: 'max by (member) (cluster_member_health_score{member=~"$node"})', legend: '{{member}}' }] }),
        half('Suspicion', 'Phi of each member: how unlikely its silence is. The default threshold of SUSPECT is 8.', { unit: 'short', min: 0, targets: [{ expr: 'max by (member) (cluster_member_phi{member=~"$node"})', legend: '{{member}}' }] }),
        lasting('Main loop', 'How long the main loop of each member has not moved.', each('cluster_agent_main_loop_lag_seconds{job=~"$job"}')),
        third('percentunit')('Processor', 'Processor time of each process; 100 % is one core.', each('rate(process_cpu_seconds_total{job=~"$job"}[$__rate_interval])')),
        third('bytes')('Memory', 'Resident memory of each process.', each('process_resident_memory_bytes{job=~"$job"}')),
      ],
    },
  ],
};
