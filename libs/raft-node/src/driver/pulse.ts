/** What the main thread is told of the loop without asking, and what it may conclude as time goes by. */
import type { RaftStatus } from '@muster/raft';
import type { LoopCounts, PeerPulse, Pulse } from './messages.js';
import type { PeerContacts } from './peer-contacts.js';
import type { TransportCounters } from '../transport/raft-transport.js';

export const PULSE_MS = 100;

/** Before the first. */
export const NO_PULSE: Pulse = {
  atMs: -Infinity,
  role: 'follower',
  term: 0,
  leaderId: null,
  commitIndex: 0,
  appliedIndex: 0,
  lastIndex: 0,
  snapshotIndex: 0,
  config: { voters: [], outgoing: [], learners: [] },
  contactAtMs: null,
  peers: [],
  transport: { sent: 0, received: 0, dropped: 0, refused: 0, crowdedOut: 0 },
  counts: { elections: 0, leaderChanges: 0, stepDowns: 0, diskHandovers: 0, writes: 0, writeMsSum: 0, writeMsMax: 0, writeBytes: 0, stalls: 0, snapshotsMade: 0, snapshotsReceived: 0 },
  diskFreeBytes: null,
};

export interface PulseParts {
  readonly status: RaftStatus;
  readonly contacts: PeerContacts;
  readonly connected: readonly string[];
  readonly transport: TransportCounters;
  readonly counts: LoopCounts;
  readonly diskFreeBytes: number | null;
  /** The latest contact that was told before: it happened, whoever leads since. */
  readonly contactBeforeMs: number | null;
  readonly nowMs: number;
}

export function pulseOf({ status, contacts, connected, transport, counts, diskFreeBytes, contactBeforeMs, nowMs }: PulseParts): Pulse {
  const { id, role, term, leaderId, commitIndex, appliedIndex, lastIndex, snapshotIndex, config } = status;
  const isLeader = role === 'leader';
  const members = [...new Set([...config.voters, ...config.outgoing, ...config.learners])].toSorted().filter((peer) => peer !== id);
  const peers = members.map((peer): PeerPulse => {
    const contact = contacts.of(peer);
    return {
      id: peer,
      voter: config.voters.includes(peer),
      match: status.peers.find((known) => known.id === peer)?.match ?? null,
      heardAtMs: contact?.heardAtMs ?? null,
      rttMs: isLeader ? (contact?.rttMs ?? null) : null,
      isConnected: connected.includes(peer),
    };
  });
  const fromLeader = leaderId === null ? null : (contacts.of(leaderId)?.heardAtMs ?? null);
  const contactNowMs = isLeader ? contacts.majorityAtMs(config, id, nowMs) : fromLeader;
  const contactAtMs = contactNowMs === null || contactBeforeMs === null ? (contactNowMs ?? contactBeforeMs) : Math.max(contactNowMs, contactBeforeMs);
  return { atMs: nowMs, role, term, leaderId, commitIndex, appliedIndex, lastIndex, snapshotIndex, config, contactAtMs, peers, transport, counts: { ...counts }, diskFreeBytes };
}

/** A pulse as it looks now: a loop that stands still sends no other, and must not look as if it were in touch. */
export interface AgedPulse extends Pulse {
  /** Null when nobody was ever in touch. Milliseconds. */
  readonly contactAgeMs: number | null;
  readonly hasQuorum: boolean;
}

/** After two election timeouts without contact a leader has stepped down, or would have if its loop ran; and a follower has left its leader. */
export function agedAt(pulse: Pulse, nowMs: number, electionTimeoutMs: number): AgedPulse {
  const contactAgeMs = pulse.contactAtMs === null ? null : Math.max(0, nowMs - pulse.contactAtMs);
  return { ...pulse, contactAgeMs, hasQuorum: pulse.leaderId !== null && contactAgeMs !== null && contactAgeMs < 2 * electionTimeoutMs };
}
