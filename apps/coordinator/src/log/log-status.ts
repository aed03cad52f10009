/** What the rest of the coordinator needs to know of its Raft group, in its own words. Pure. */
import type { RaftState, RaftStatus } from '@muster/contracts';
import type { LogRole, LogStatus } from './replicated-log.js';

const ROLES: Readonly<Record<RaftState, LogRole>> = { forming: 'follower', joining: 'follower', follower: 'follower', candidate: 'candidate', leader: 'leader', removed: 'shutdown', shutdown: 'shutdown' };

/** `status` is null before there is a group. */
export function logStatus(status: RaftStatus | null, isClosed: boolean): LogStatus {
  if (status === null) return { role: isClosed ? 'shutdown' : 'follower', term: 0, commitIndex: 0, appliedIndex: 0, leaderId: null, hasQuorum: false, contactAgeMs: null, fault: 'its Raft group is not open' };
  const { state, term, commitIndex, appliedIndex, leaderId, hasQuorum, contactAgeMs, detail } = status;
  const role = isClosed ? 'shutdown' : ROLES[state];
  return { role, term, commitIndex, appliedIndex, leaderId: role === 'shutdown' ? null : leaderId, hasQuorum: hasQuorum && role !== 'shutdown', contactAgeMs, fault: detail };
}

/** Why this member is no part of a group that works, in words; empty when it is one. A minority is part of its group. */
export function whyNoPart({ state, nodeId, peers, detail }: RaftStatus): string {
  if (state === 'forming' || state === 'joining' || state === 'removed' || state === 'shutdown') return detail === '' ? state : `${state}: ${detail}`;
  if (!peers.some((peer) => peer.nodeId === nodeId && peer.voter)) return 'it receives the log, and has no vote yet';
  return '';
}
