/**
 * What a coordinator should propose about one node, from what it sees of it, what that amounts to and what is agreed; or nothing.
 *
 * Pure policy between evidence and log: one command per node at a time, the next follows when this one was applied.
 */
import { type FailureClass, isGone, type Member, type Profile, type SuspectCause } from '@muster/membership';
import { isSameProfile } from './seen.js';
import type { Finding, Sight } from './sight.js';

export type Proposal =
  | { readonly kind: 'join' | 'describe'; readonly profile: Profile; readonly reason: string }
  | { readonly kind: 'admit' | 'clear' | 'leave' | 'left'; readonly reason: string }
  | { readonly kind: 'grade'; readonly to: 'HEALTHY' | 'DEGRADED'; readonly reason: string }
  | { readonly kind: 'suspect'; readonly cause: SuspectCause; readonly silenceMs: number; readonly reason: string }
  | { readonly kind: 'down'; readonly silenceMs: number; readonly failure: FailureClass; readonly reason: string };

/** A suspect that was joining goes on with that when it was well for so long. Milliseconds. */
const STEADY_JOINING_MS = 3000;

/** What is known besides the sight. */
export interface Case {
  readonly member: Member | undefined;
  readonly sight: Sight;
  readonly finding: Finding;
  /** Whether something better may be said of it: false while it is damped, or not steady for long enough after that. */
  readonly isBelieved: boolean;
}

export function decide({ member, sight, finding, isBelieved }: Case): Proposal | null {
  if (member === undefined) return sight.state === 'running' && sight.seq > 0 ? join(sight, 'first beat') : null;
  const { record } = member;
  if (sight.incarnation < record.incarnation) return null;
  if (sight.incarnation > record.incarnation) return newerIncarnation(member, sight);
  switch (sight.state) {
    case 'left':
      return record.status === 'LEFT' ? null : { kind: 'left', reason: 'left' };
    case 'leaving':
      return leaving(member, sight, finding);
    case 'running':
      return running(member, sight, finding, isBelieved);
  }
}

function newerIncarnation({ record }: Member, sight: Sight): Proposal | null {
  // A process that came and went between two looks of ours never was a member.
  if (sight.state !== 'running' && isGone(record.status)) return null;
  if (isGone(record.status)) return join(sight, `back after ${record.status}`);
  return join(sight, record.status === 'LEAVING' ? 'restarted' : `restarted without a word while ${record.status}`);
}

function leaving({ record }: Member, sight: Sight, finding: Finding): Proposal | null {
  if (isGone(record.status)) return null;
  if (record.status !== 'LEAVING') return { kind: 'leave', reason: 'announced that it leaves' };
  return finding.kind === 'crashed' ? { kind: 'left', reason: 'leaving, then gone' } : departed(sight, finding);
}

function running(member: Member, sight: Sight, finding: Finding, isBelieved: boolean): Proposal | null {
  const { record } = member;
  if (record.status === 'DOWN') return isBack(member, sight, finding) && isBelieved ? join(sight, 'beats again after it was taken for dead') : null;
  if (record.status === 'LEFT') return null;
  // A restart of ours made us forget that it said so.
  if (record.status === 'LEAVING') return departed(sight, finding);
  switch (finding.kind) {
    case 'crashed':
      return { kind: 'down', silenceMs: sight.silenceMs, failure: 'crashed', reason: finding.reason };
    case 'stalled':
    case 'silent':
      return failing(member, sight, finding);
    case 'worn':
      return record.status === 'HEALTHY' || record.status === 'DEGRADED' ? { kind: 'suspect', cause: 'silence', silenceMs: sight.silenceMs, reason: finding.reason } : null;
    case 'unsure':
      return null;
    case 'well':
      return well(member, sight, isBelieved);
  }
}

/** It beats again, and runs. */
function isBack(member: Member, sight: Sight, finding: Finding): boolean {
  return finding.kind === 'well' && sight.stage === 'alive' && sight.seq > member.seq && !member.isEvicted;
}

function failing({ record }: Member, { silenceMs }: Sight, finding: Extract<Finding, { kind: 'stalled' | 'silent' }>): Proposal | null {
  const { reason } = finding;
  // A joining member has no traffic to lose, and is not admitted in this state.
  if (record.status === 'JOINING' && finding.kind === 'stalled' && finding.withheld !== null) return null;
  if (record.status !== 'SUSPECT') return { kind: 'suspect', cause: finding.kind === 'stalled' ? 'stalled' : 'silence', silenceMs, reason };
  if (finding.withheld !== null) return null;
  return { kind: 'down', silenceMs, failure: finding.kind === 'stalled' ? 'hung' : 'unreachable', reason };
}

function well(member: Member, sight: Sight, isBelieved: boolean): Proposal | null {
  const { record } = member;
  // Nor does clearing it give it any: it need not be told of each beat that comes through.
  if (record.status === 'SUSPECT' && member.standing === 'JOINING' && sight.steadyMs < STEADY_JOINING_MS) return null;
  if (record.status === 'SUSPECT') return isBelieved ? cleared(member, sight) : null;
  if (!isSameProfile(record, sight.profile)) return { kind: 'describe', profile: sight.profile, reason: record.reason };
  if (record.status === 'JOINING') return isBelieved ? admission(member, sight) : null;
  return record.status === sight.grade ? null : { kind: 'grade', to: sight.grade, reason: `health score ${sight.score}` };
}

/**
 * Only a sign of life clears. Silence that merely stopped counting, because the observer was away itself, makes it look well
 * and proves nothing about the node.
 */
function cleared(member: Member, sight: Sight): Proposal | null {
  if (sight.isAnsweringOnly) return { kind: 'clear', reason: 'answers probes' };
  return sight.seq > member.seq ? { kind: 'clear', reason: 'beats again' } : null;
}

function admission({ admission: due }: Member, sight: Sight): Proposal | null {
  if (sight.joiningBeats < due.beats || sight.joiningMs < due.periodMs) return null;
  return { kind: 'admit', reason: due.periodMs > 0 ? `stable for ${seconds(due.periodMs)}` : `${due.beats} beats in a row` };
}

/** Who said good-bye needs no proof that it is gone, only that we would have heard it. */
function departed(sight: Sight, finding: Finding): Proposal | null {
  return finding.kind === 'silent' || finding.kind === 'stalled' ? { kind: 'left', reason: `leaving, then silent for ${seconds(sight.silenceMs)}` } : null;
}

function join(sight: Sight, reason: string): Proposal {
  return { kind: 'join', profile: sight.profile, reason };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
