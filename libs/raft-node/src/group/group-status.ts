/** What `GET /raft/status` shows, put together from the directory and from what the loop tells. Pure. */
import { isVoter, membersOf } from '@muster/raft';
import type { RaftPeer, RaftState, RaftStatus } from '@muster/contracts';
import type { AgedPulse } from '../driver/pulse.js';
import type { Directory } from './directory.js';

export interface Own {
  readonly cluster: string;
  readonly nodeId: string;
  readonly storeId: string;
  readonly httpUrl: string;
  readonly raftUrl: string;
}

export interface Belonging {
  readonly clusterId: string;
  readonly directory: Directory;
  readonly pulse: AgedPulse;
  readonly appliedIndex: number;
  /** In words, when the group said that we were removed. */
  readonly removed: string | null;
  readonly nowMs: number;
}

export function statusBefore({ cluster, nodeId, storeId }: Own, state: RaftState, detail: string): RaftStatus {
  const nothing = { clusterId: null, term: 0, leaderId: null, commitIndex: 0, appliedIndex: 0, lastIndex: 0, snapshotIndex: 0, hasQuorum: false, contactAgeMs: null, peers: [] };
  return { cluster, nodeId, storeId, state, detail, ...nothing };
}

export function statusOf(own: Own, belonging: Belonging): RaftStatus {
  const { cluster, nodeId, storeId } = own;
  const { clusterId, pulse, appliedIndex } = belonging;
  const { term, leaderId, lastIndex, snapshotIndex, hasQuorum, contactAgeMs } = pulse;
  const { state, detail } = stateOf(own, belonging);
  // The loop told where it was up to 100 ms ago; what is applied was committed.
  const commitIndex = Math.max(pulse.commitIndex, appliedIndex);
  return { cluster, nodeId, storeId, clusterId, state, detail, term, leaderId, commitIndex, appliedIndex, lastIndex: Math.max(lastIndex, commitIndex), snapshotIndex, hasQuorum, contactAgeMs, peers: peersOf(own, belonging) };
}

/** Why we do not belong any more, in words; null while we may. */
export function removalOf({ nodeId, storeId }: Pick<Own, 'nodeId' | 'storeId'>, { directory, pulse, removed }: Pick<Belonging, 'directory' | 'pulse' | 'removed'>): string | null {
  if (removed !== null) return removed;
  const entry = directory.peers.find((peer) => peer.nodeId === nodeId);
  const isOut = !membersOf(pulse.config).includes(nodeId) && pulse.config.voters.length > 0;
  if (!directory.tombstones.includes(storeId) && !(isOut && entry?.leaving === true)) return null;
  return `'${nodeId}' was removed from the group: move its raft store away, and start it again to join as a new member`;
}

function stateOf(own: Own, belonging: Belonging): { readonly state: RaftState; readonly detail: string } {
  const { pulse, clusterId } = belonging;
  const removal = removalOf(own, belonging);
  if (removal !== null) return { state: 'removed', detail: removal };
  if (!membersOf(pulse.config).includes(own.nodeId)) return { state: 'joining', detail: `waits for the log of the group ${clusterId}` };
  const lonely = `no leader is known, and ${pulse.config.voters.length} have a vote: are most of them running?`;
  switch (pulse.role) {
    case 'leader':
      return { state: 'leader', detail: '' };
    case 'pre-candidate':
    case 'candidate':
      return { state: 'candidate', detail: lonely };
    case 'follower':
      if (pulse.leaderId === null) return { state: 'follower', detail: lonely };
      return { state: 'follower', detail: isVoter(pulse.config, own.nodeId) ? '' : 'gets the log, and a vote once it keeps up' };
  }
}

function peersOf(own: Own, { directory, pulse, nowMs }: Belonging): RaftPeer[] {
  return directory.peers.map(({ nodeId, storeId, httpUrl, raftUrl }) => {
    const voter = pulse.config.voters.includes(nodeId);
    if (nodeId === own.nodeId) return { nodeId, storeId, httpUrl, raftUrl, voter, matchIndex: pulse.lastIndex, silentMs: 0, rttMs: null };
    const peer = pulse.peers.find(({ id }) => id === nodeId);
    const heardAtMs = peer?.heardAtMs ?? null;
    return { nodeId, storeId, httpUrl, raftUrl, voter, matchIndex: peer?.match ?? null, silentMs: heardAtMs === null ? null : Math.max(0, nowMs - heardAtMs), rttMs: peer?.rttMs ?? null };
  });
}
