/**
 * The port behind which commands are ordered and made durable. One coordinator alone uses a local log; a group of
 * them will use Raft, and nothing above this line will know.
 */

export interface LogEntry<C> {
  /** Grows by one from entry to entry, over restarts too. >= 1. */
  readonly index: number;
  readonly term: number;
  readonly command: C;
}

/** What committed entries are applied to. Deterministic; never fails but by a bug. */
export interface StateMachine<C, O> {
  apply(entry: LogEntry<C>): O;
  /** The whole state as plain JSON data. */
  snapshot(): unknown;
}

export type Proposed<O> =
  /** Durable, and applied here. */
  | { readonly kind: 'applied'; readonly index: number; readonly term: number; readonly outcome: O }
  /** What it rested on was no longer true when its turn came; it was not appended. */
  | { readonly kind: 'withdrawn' }
  /** It was not appended, or it is unknown whether it was: disk fault, no leader, queue full, closing. */
  | { readonly kind: 'unavailable'; readonly reason: string };

export interface ProposeOptions<C> {
  /**
   * Asked at the last moment before the command is appended, once, and without delay: what comes back is appended in its place; null
   * withdraws it. So a command that stands for many loses the parts that no longer hold, and the rest goes on.
   */
  readonly revise?: (command: C) => C | null;
}

export type LogRole = 'follower' | 'candidate' | 'leader' | 'shutdown';

export interface LogStatus {
  readonly role: LogRole;
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly leaderId: string | null;
  readonly hasQuorum: boolean;
  /** What is wrong, if anything; empty otherwise. */
  readonly fault: string;
}

export interface ReplicatedLog<C, O> {
  /** Never rejects. */
  propose(command: C, options?: ProposeOptions<C>): Promise<Proposed<O>>;
  status(): LogStatus;
  /** Lets what waits go through, then closes. */
  close(): Promise<void>;
}
