/** The port behind which commands are agreed on, ordered and made durable. What is agreed arrives in the machine, here as everywhere. */

export interface LogEntry<C> {
  /** Grows from entry to entry, over restarts too; numbers that the log needs for itself are left out. >= 1. */
  readonly index: number;
  readonly term: number;
  readonly command: C;
}

/** What committed entries are applied to. Deterministic; never fails but by a bug. */
export interface StateMachine<C, O> {
  apply(entry: LogEntry<C>): O;
  /** The whole state as plain JSON data, as it is now: what is applied later puts other objects in the place of these, and changes none of them. */
  snapshot(): object;
  /** Takes such a state in place of its own. */
  restore(state: unknown): void;
}

/**
 * `not-leader`: ask the leader. `busy`: again a little later. `refused`: never like this. `lost`: another entry took its place. `closed`: this
 * process ends. Nothing happened then. `unknown`: it may have happened, or may yet.
 */
export type UnavailableCode = 'not-leader' | 'busy' | 'refused' | 'lost' | 'unknown' | 'closed';

export type Proposed<O> =
  /** Durable, and applied here. */
  | { readonly kind: 'applied'; readonly index: number; readonly term: number; readonly outcome: O }
  /** What it rested on was no longer true when its turn came; it was not appended. */
  | { readonly kind: 'withdrawn' }
  | { readonly kind: 'unavailable'; readonly code: UnavailableCode; readonly reason: string };

export interface ProposeOptions<C> {
  /**
   * Asked at the last moment before the command is appended, once, and without delay: what comes back is appended in its place; null
   * withdraws it. So a command that stands for many loses the parts that no longer hold, and the rest goes on.
   */
  readonly revise?: (command: C) => C | null;
}

/** Who may propose, and in which term: the leader, once everything that was agreed before its term is applied here. */
export interface Mandate {
  readonly isLeader: boolean;
  readonly term: number;
}

export type LogRole = 'follower' | 'candidate' | 'leader' | 'shutdown';

export interface LogStatus {
  readonly role: LogRole;
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly leaderId: string | null;
  readonly hasQuorum: boolean;
  /** How old what is known here may be. Milliseconds; null when that cannot be told. */
  readonly contactAgeMs: number | null;
  /** What is wrong, if anything; empty otherwise. */
  readonly fault: string;
}

export interface ReplicatedLog<C, O> {
  /** Never rejects. */
  propose(command: C, options?: ProposeOptions<C>): Promise<Proposed<O>>;
  mandate(): Mandate;
  /** Calls whenever the mandate changed. */
  onMandate(listener: (mandate: Mandate) => void): void;
  status(): LogStatus;
  /** Lets another one lead, if this one does; in bounded time. Resolves with whom, or null. */
  handOver(): Promise<string | null>;
  /** Lets what waits go through, then closes. */
  close(): Promise<void>;
}
