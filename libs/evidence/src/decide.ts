/**
 * What a coordinator should propose about one node, from what it sees of it and what is agreed; or nothing.
 *
 * Pure policy between detectors and log: one command at a time, the next follows when this one was applied. Whether we may judge at
 * all (are we ourselves well?) is asked before this is called.
 */
import type { Beat } from '@muster/contracts';
import { type FailureClass, isGone, type Member, type Profile } from '@muster/membership';

/** One node as one observer sees it now. */
export interface Sight {
  readonly nodeId: string;
  readonly incarnation: number;
  /** Highest sequence number seen of this incarnation; 0 when it was not seen to beat yet. */
  readonly seq: number;
  readonly state: Beat['state'];
  readonly profile: Profile;
  readonly stage: 'alive' | 'overdue' | 'silent';
  /** Observed time since the last sign of life. Milliseconds. */
  readonly silenceMs: number;
  readonly phi: number;
  /** Beats since it began to join, without an interruption. Count. */
  readonly joiningBeats: number;
  /** Observed time since it began to join, without an interruption. Milliseconds. */
  readonly joiningMs: number;
  readonly grade: 'HEALTHY' | 'DEGRADED';
  readonly score: number;
  /** Probes in a row that found no such process on a host that is up. Count. */
  readonly refusals: number;
  /** Probes answer although beats are missing. */
  readonly isAnsweringOnly: boolean;
}

export type Proposal =
  | { readonly kind: 'join' | 'describe'; readonly profile: Profile; readonly reason: string }
  | { readonly kind: 'admit' | 'clear' | 'leave' | 'left'; readonly reason: string }
  | { readonly kind: 'grade'; readonly to: 'HEALTHY' | 'DEGRADED'; readonly reason: string }
  | { readonly kind: 'suspect'; readonly cause: 'silence' | 'stalled'; readonly silenceMs: number; readonly reason: string }
  | { readonly kind: 'down'; readonly silenceMs: number; readonly failure: FailureClass; readonly reason: string };

/** Refused probes that prove a crash when the beat is overdue as well. */
const REFUSALS_FOR_CRASH = 2;

export function decide(member: Member | undefined, sight: Sight): Proposal | null {
  if (member === undefined) return sight.state === 'running' && sight.seq > 0 ? join(sight, 'first beat') : null;
  const { record } = member;
  if (sight.incarnation < record.incarnation) return null;
  if (sight.incarnation > record.incarnation) return newerIncarnation(member, sight);
  switch (sight.state) {
    case 'left':
      return record.status === 'LEFT' ? null : { kind: 'left', reason: 'left' };
    case 'leaving':
      return leaving(member, sight);
    case 'running':
      return running(member, sight);
  }
}

function newerIncarnation({ record }: Member, sight: Sight): Proposal | null {
  // A process that came and went between two looks of ours never was a member.
  if (sight.state !== 'running' && isGone(record.status)) return null;
  if (isGone(record.status)) return join(sight, `back after ${record.status}`);
  return join(sight, record.status === 'LEAVING' ? 'restarted' : `restarted without a word while ${record.status}`);
}

function leaving({ record }: Member, sight: Sight): Proposal | null {
  if (isGone(record.status)) return null;
  if (record.status !== 'LEAVING') return { kind: 'leave', reason: 'announced that it leaves' };
  return sight.stage === 'alive' ? null : { kind: 'left', reason: `leaving, then silent for ${seconds(sight.silenceMs)}` };
}

function running(member: Member, sight: Sight): Proposal | null {
  const { record } = member;
  if (record.status === 'DOWN') return sight.stage === 'alive' && sight.seq > member.seq ? join(sight, 'beats again after it was taken for dead') : null;
  if (record.status === 'LEFT' || record.status === 'LEAVING') return lastWord(member, sight);
  if (sight.stage !== 'alive') return silence(member, sight);
  if (record.status === 'SUSPECT') return cleared(member, sight);
  if (!isSameProfile(record, sight.profile)) return { kind: 'describe', profile: sight.profile, reason: record.reason };
  if (record.status === 'JOINING') return admission(member, sight);
  return record.status === sight.grade ? null : grade(sight);
}

/** A member that is LEAVING while a restart of ours made us forget that it said so. */
function lastWord({ record }: Member, sight: Sight): Proposal | null {
  return record.status === 'LEAVING' && sight.stage !== 'alive' ? { kind: 'left', reason: `leaving, then silent for ${seconds(sight.silenceMs)}` } : null;
}

function silence({ record }: Member, sight: Sight): Proposal | null {
  const { silenceMs } = sight;
  const heard = `no heartbeat for ${seconds(silenceMs)} (phi ${sight.phi.toFixed(1)})`;
  if (record.status !== 'SUSPECT') return { kind: 'suspect', cause: 'silence', silenceMs, reason: heard };
  if (sight.refusals >= REFUSALS_FOR_CRASH) return { kind: 'down', silenceMs, failure: 'crashed', reason: `process is gone: connection refused ${sight.refusals} times, ${heard}` };
  return sight.stage === 'silent' ? { kind: 'down', silenceMs, failure: 'unreachable', reason: heard } : null;
}

/**
 * Only a sign of life clears. Silence that merely stopped counting, because the observer was away itself, puts the stage back to
 * `alive` as well and proves nothing about the node.
 */
function cleared(member: Member, sight: Sight): Proposal | null {
  if (sight.isAnsweringOnly) return { kind: 'clear', reason: 'answers probes' };
  return sight.seq > member.seq ? { kind: 'clear', reason: 'beats again' } : null;
}

function admission({ admission: due }: Member, sight: Sight): Proposal | null {
  if (sight.joiningBeats < due.beats || sight.joiningMs < due.periodMs) return null;
  return { kind: 'admit', reason: due.periodMs > 0 ? `stable for ${seconds(due.periodMs)}` : `${due.beats} beats in a row` };
}

function grade(sight: Sight): Proposal {
  return { kind: 'grade', to: sight.grade, reason: `health score ${sight.score}` };
}

function join(sight: Sight, reason: string): Proposal {
  return { kind: 'join', profile: sight.profile, reason };
}

function isSameProfile(a: Profile, b: Profile): boolean {
  if (a.httpUrl !== b.httpUrl || a.zone !== b.zone || a.service !== b.service) return false;
  if (a.resources.cores !== b.resources.cores || a.resources.memoryBytes !== b.resources.memoryBytes) return false;
  if (a.tags === b.tags) return true;
  const names = Object.keys(a.tags);
  return names.length === Object.keys(b.tags).length && names.every((name) => a.tags[name] === b.tags[name]);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
