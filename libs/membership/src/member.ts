/** What the replicated state holds of one member, and of each change to it. */
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

export interface Member {
  readonly record: MemberRecord;
  /** Highest sequence number that a committed command gave evidence of; commands that know less are stale. */
  readonly seq: number;
  /** What a suspect was before; null otherwise. */
  readonly standing: Standing | null;
  readonly admission: Admission;
  /** When it failed, in the window. Wall time, milliseconds since 1970. */
  readonly failuresUnixMs: readonly number[];
}

/** What a committed command did, numbered by the log; these are published and streamed, in order. */
export type Change =
  | { readonly kind: 'transition'; readonly index: number; readonly term: number; readonly from: MemberStatus | null; readonly member: MemberRecord; readonly silenceMs: number | null }
  /** The same member with the same status under another address or other tags. */
  | { readonly kind: 'updated'; readonly index: number; readonly term: number; readonly member: MemberRecord }
  /** Forgotten after a long time as DOWN or LEFT. */
  | { readonly kind: 'removed'; readonly index: number; readonly term: number; readonly nodeId: string };

export function standingOf(status: MemberStatus): Standing | null {
  return status === 'JOINING' || status === 'HEALTHY' || status === 'DEGRADED' ? status : null;
}

export function isGone(status: MemberStatus): boolean {
  return status === 'DOWN' || status === 'LEFT';
}
