/**
 * What a Raft group is made of: entries, configurations, snapshots, what must survive a crash.
 *
 * Figures and names follow Ongaro's paper and thesis. Types only.
 */

/** Stable name of one member of the group; its address is the transport's business. */
export type PeerId = string;

/** Who belongs to the group. While `outgoing` is not empty two majorities must agree: one of `voters`, one of `outgoing` (thesis 4.3). */
export interface Configuration {
  /** Sorted. */
  readonly voters: readonly PeerId[];
  /** The voters before the change, while it is under way; else empty. Sorted. */
  readonly outgoing: readonly PeerId[];
  /** They receive the log and have no vote. Sorted; disjoint from `voters`. */
  readonly learners: readonly PeerId[];
}

interface At {
  /** Position in the log. >= 1, grows by one. */
  readonly index: number;
  /** Term of the leader that made it. >= 1. */
  readonly term: number;
}

export type Entry =
  | (At & { readonly kind: 'command'; readonly data: Uint8Array })
  /** A configuration, in force from the moment it is in the log (paper, section 6). */
  | (At & { readonly kind: 'config'; readonly config: Configuration })
  /** The first entry of each term: it commits what earlier terms left behind (paper, section 8). */
  | (At & { readonly kind: 'noop' });

/** What must be durable before anything that depends on it is sent. */
export interface HardState {
  /** Latest term seen. >= 0. */
  readonly term: number;
  /** Whom this member voted for in that term; null for nobody. */
  readonly votedFor: PeerId | null;
  /** Highest index known to be committed. It may lag: it is a help at restart, not a promise. */
  readonly commit: number;
}

/** The applied state up to `index`, as bytes that only the state machine understands. */
export interface Snapshot {
  readonly index: number;
  readonly term: number;
  /** The configuration as it was committed at `index`. */
  readonly config: Configuration;
  readonly data: Uint8Array;
}

/** What was durable when the member stopped. */
export interface Restored {
  readonly hard: HardState;
  readonly snapshot: Snapshot | null;
  /** Gapless, beginning right after the snapshot, or at 1. */
  readonly entries: readonly Entry[];
}

export const NO_PEERS: Configuration = { voters: [], outgoing: [], learners: [] };

/**
 * What the first members of a group write before they start, each the same: a snapshot of nothing at index 0. Written once, so that no later
 * setting of theirs can contradict the log. Everybody else starts empty and learns who belongs from the leader.
 */
export function founded(config: Configuration): Restored {
  return { hard: { term: 0, votedFor: null, commit: 0 }, snapshot: { index: 0, term: 0, config, data: new Uint8Array(0) }, entries: [] };
}

/** Bytes that an entry takes on the wire and on disk, about. */
export function entryBytes(entry: Entry): number {
  const head = 24;
  switch (entry.kind) {
    case 'command':
      return head + entry.data.byteLength;
    case 'config':
      return head + 32 * (entry.config.voters.length + entry.config.outgoing.length + entry.config.learners.length);
    case 'noop':
      return head;
  }
}
