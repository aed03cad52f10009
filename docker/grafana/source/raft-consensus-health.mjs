/** Do the coordinators agree: who leads, how far each of them is, and whether one more could be lost. */
import { byNode, counted, GREEN_ABOVE_ZERO, half, lasting, perSecond, stat, wideStat } from '../panels.mjs';

const COORDINATOR = 'node_id=~"$coordinator"';
/** One line for each coordinator. */
const each = (expr) => [byNode(expr, COORDINATOR), '{{node_id}}'];
const MORE_THAN_A_MAJORITY = 'sum(raft_has_quorum * raft_is_voter) - (floor(max(raft_voters) / 2) + 1)';

export const dashboard = {
  uid: 'muster-raft',
  title: 'RAFT Consensus Health',
  description: 'The group of coordinators: leader and terms, quorum, how far each has come, and what lies between them.',
  tags: ['muster'],
  variables: [{ name: 'coordinator', label: 'Coordinator', query: 'label_values(muster_service_info{service="coordinator"}, node_id)' }],
  rows: [
    {
      title: 'Now',
      panels: [
        wideStat('Leader', 'Who leads. Two names for longer than a scrape mean that one of them has not noticed yet that it was replaced.', {
          unit: 'short',
          sparkline: false,
          textMode: 'name',
          targets: [{ expr: byNode('coordinator_is_leader == 1', COORDINATOR), legend: '{{node_id}}', instant: true }],
        }),
        stat('Term', 'Term of the group. It grows with each election.', { unit: 'short', targets: [{ expr: 'max(raft_term)', legend: 'term' }] }),
        stat('Quorum', 'Whether changes can be committed, as those that have a vote say.', { unit: 'bool_yes_no', thresholds: GREEN_ABOVE_ZERO, targets: [{ expr: 'max(raft_has_quorum * raft_is_voter)', legend: 'quorum' }] }),
        stat('Voters in touch', 'Coordinators with a vote that are in touch with a majority.', { unit: 'short', thresholds: GREEN_ABOVE_ZERO, targets: [{ expr: 'sum(raft_has_quorum * raft_is_voter)', legend: 'voters' }] }),
        stat('Could be lost', 'Coordinators that may fail now before nothing can be decided any more.', {
          unit: 'short',
          thresholds: [{ color: 'red', value: null }, { color: 'green', value: 1 }],
          targets: [{ expr: MORE_THAN_A_MAJORITY, legend: 'coordinators' }],
        }),
        stat('Elections', 'Terms that began in the time shown.', { unit: 'short', targets: [{ expr: 'max(max_over_time(raft_term[$__range])) - min(min_over_time(raft_term[$__range]))', legend: 'terms', instant: true }] }),
        stat('Furthest behind', 'Entries that the slowest other member is not known to hold.', { unit: 'short', targets: [{ expr: 'max(raft_peer_lag_entries)', legend: 'entries' }] }),
      ],
    },
    {
      title: 'Roles',
      panels: [
        half('Role', 'Role of each coordinator: 0 follower, 1 candidate, 2 leader, 3 shut down.', {
          unit: 'short',
          min: 0,
          max: 3,
          mappings: [{ type: 'value', options: Object.fromEntries(['follower', 'candidate', 'leader', 'shut down'].map((text, state) => [state, { text, index: state }])) }],
          targets: [{ expr: byNode('raft_state', COORDINATOR), legend: '{{node_id}}' }],
        }),
        half('Term', 'Term that each coordinator is in. They differ only while one is cut off.', { unit: 'short', targets: [{ expr: byNode('raft_term', COORDINATOR), legend: '{{node_id}}' }] }),
      ],
    },
    {
      title: 'Log',
      panels: [
        perSecond('Commits', 'Entries committed each second, as each coordinator knows it.', each('rate(raft_commit_index[$__rate_interval])')),
        counted('Not applied yet', 'Entries that are committed and wait to be applied.', each('raft_commit_index - raft_applied_index')),
        counted('Behind the leader', 'Entries that each member is not known to hold, as the leader sees it. More than 1000 for long means that it could not take over soon.', ['max by (peer) (raft_peer_lag_entries)', '{{peer}}']),
        counted('Applied', 'Index of the last entry that each coordinator has applied.', each('raft_applied_index')),
        counted('Kept after the snapshot', 'Entries in the log that no snapshot stands for. It falls whenever a snapshot is made.', each('raft_last_index - raft_snapshot_index')),
        counted('Not on the bus yet', 'Changes of membership that wait to be published.', each('coordinator_outbox_changes')),
      ],
    },
    {
      title: 'Between them',
      panels: [
        lasting('Contact', 'How old what each coordinator knows may be: for a leader the time since a majority answered, for others since the leader spoke.', each('raft_contact_age_seconds')),
        lasting('Round trip', 'Round trip of heartbeats from the leader to each other member.', ['max by (peer) (raft_peer_rtt_seconds)', '{{peer}}']),
        lasting('Silence', 'Time since the last word of each other member, as the leader sees it.', ['max by (peer) (raft_peer_silent_seconds)', '{{peer}}']),
      ],
    },
  ],
};
