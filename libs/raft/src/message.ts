/** What members of a group say to each other. The transport may lose, repeat, delay and reorder it. */
import type { Configuration, Entry, PeerId } from './types.js';

interface Sent {
  readonly from: PeerId;
  readonly to: PeerId;
  /** Term of the sender; of a pre-vote the term that it would begin. */
  readonly term: number;
}

/** Identifies one round of heartbeats of one leader; grows. */
export type Round = number;

export type Message =
  | (Sent & { readonly kind: 'append'; readonly prevIndex: number; readonly prevTerm: number; readonly entries: readonly Entry[]; readonly commit: number })
  /**
   * `accepted`: the log agrees up to `matchIndex`, and that is durable. Otherwise `rejectedIndex` is the `prevIndex` that did not fit, and
   * the sender's log may agree at `hintIndex` with `hintTerm` at the latest (paper, end of 5.3).
   */
  | (Sent & { readonly kind: 'append-reply'; readonly accepted: boolean; readonly matchIndex: number; readonly rejectedIndex: number; readonly hintIndex: number; readonly hintTerm: number })
  /** `commit` never exceeds what the receiver is known to have. */
  | (Sent & { readonly kind: 'heartbeat'; readonly commit: number; readonly round: Round })
  | (Sent & { readonly kind: 'heartbeat-reply'; readonly round: Round })
  /** `isTransfer`: the leader itself asked for this election, so that loyalty to it is no reason to refuse (thesis 4.2.3). */
  | (Sent & { readonly kind: 'vote'; readonly isPre: boolean; readonly lastIndex: number; readonly lastTerm: number; readonly isTransfer: boolean })
  | (Sent & { readonly kind: 'vote-reply'; readonly isPre: boolean; readonly granted: boolean })
  /** One piece of a snapshot; `offset` in bytes of `totalBytes`. `checksum` is that of all of it: members that make a snapshot of the same index need not make the same bytes. */
  | (Sent & { readonly kind: 'snapshot'; readonly index: number; readonly indexTerm: number; readonly config: Configuration; readonly offset: number; readonly totalBytes: number; readonly checksum: number; readonly chunk: Uint8Array })
  /** `nextOffset` bytes of that snapshot are held; `done` when its index is reached and durable. */
  | (Sent & { readonly kind: 'snapshot-reply'; readonly index: number; readonly nextOffset: number; readonly done: boolean })
  /** Begin an election at once (thesis 3.10). */
  | (Sent & { readonly kind: 'timeout-now' })
  /** A follower asks up to which index it must have applied before it may answer a linearizable read (thesis 6.4). */
  | (Sent & { readonly kind: 'read-index'; readonly requestId: number })
  /** `index` null: ask again, there is no leader here or it cannot vouch for itself yet. */
  | (Sent & { readonly kind: 'read-index-reply'; readonly requestId: number; readonly index: number | null });

export type MessageOf<K extends Message['kind']> = Extract<Message, { readonly kind: K }>;
