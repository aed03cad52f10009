/** What the replicated state holds of one member. */
import type { MemberRecord, MemberStatus } from '@muster/contracts';

/** What a node says of itself besides its identity. */
export type Profile = Pick<MemberRecord, 'service' | 'zone' | 'tags' | 'resources' | 'httpUrl' | 'probeUrl'>;

/** Statuses that a suspect can go back to. */
export type Standing = 'JOINING' | 'HEALTHY' | 'DEGRADED';

/** What a JOINING member must show. Both must hold. */
export interface Admission {
  /** Consecutive beats. Count. */
  readonly beats: number;
  /** Time of beating without becoming suspect. Milliseconds. */
  readonly periodMs: number;
}

/** What a member did wrong of late, halved with time. */
export interface Damping {
  /** Failures, older ones counting less, as of `atMs`. >= 0. */
  readonly penalty: number;
  /** Agreed time of the penalty, see `AgreedClock`. Milliseconds. */
  readonly atMs: number;
  /** What of the failure that is going on was counted. 0 to 1. */
  readonly charged: number;
}

export interface Member {
  readonly record: MemberRecord;
  /** Highest sequence number that a committed command gave evidence of; commands that know less are stale. */
  readonly seq: number;
  /** What a suspect was before; null otherwise. */
  readonly standing: Standing | null;
  readonly admission: Admission;
  /** When it failed, in the window. Wall time, milliseconds since 1970. */
  readonly failuresUnixMs: readonly number[];
  readonly damping: Damping;
  /** Evicted by an operator: this incarnation is not taken back. */
  readonly isEvicted: boolean;
}

export const UNDAMPED: Damping = { penalty: 0, atMs: 0, charged: 0 };

export function standingOf(status: MemberStatus): Standing | null {
  return status === 'JOINING' || status === 'HEALTHY' || status === 'DEGRADED' ? status : null;
}

export function isGone(status: MemberStatus): boolean {
  return status === 'DOWN' || status === 'LEFT';
}
