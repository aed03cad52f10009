/**
 * What one command of detection does to one member: the next member, or why not. The table of transitions lives here and nowhere else.
 *
 * Verdicts are about an incarnation. DOWN ends one unless a later beat of the very same process refutes it, and even then it
 * comes back through JOINING, never straight into service. Whether a brake forbids a verdict is asked elsewhere.
 */
import type { MemberMark, MemberRecord, MemberStatus } from '@muster/contracts';
import { afterBeats, afterFailure, recentFailures, withFailure } from './admission.js';
import type { MemberCommand } from './command.js';
import { CHARGE_FAILURE, CHARGE_STALLED, charged, over, penaltyAt, reusableAtMs } from './damping.js';
import { withMark, withoutMarks, marksOfNextBoot } from './marks.js';
import { type Admission, type Damping, isGone, type Member, standingOf, UNDAMPED } from './member.js';
import type { Rejection } from './rejection.js';
import type { MembershipRules } from './rules.js';

export type Next = { readonly kind: 'next'; readonly member: Member } | { readonly kind: 'forgotten' } | Rejected;
export interface Rejected {
  readonly kind: 'rejected';
  readonly rejection: Rejection;
}

/** Where in the log, and when. */
export interface At {
  readonly index: number;
  readonly term: number;
  /** Agreed time of the entry. Milliseconds. */
  readonly agreedMs: number;
  /** Agreed times in words for people. */
  readonly unixMs: (agreedMs: number) => number;
}

type Join = Extract<MemberCommand, { kind: 'join' }>;

export function transition(rules: MembershipRules, member: Member | undefined, command: MemberCommand, at: At): Next {
  if (command.kind === 'join') return join(rules, member, command, at);
  if (member === undefined) return reject({ kind: 'unknown-member', nodeId: command.nodeId });
  const stale = staleness(member, command);
  if (stale !== null) return stale;
  const { record } = member;
  const wrongStatus = (): Next => reject({ kind: 'wrong-status', nodeId: record.nodeId, command: command.kind, status: record.status });
  const to = (status: MemberStatus, change: Partial<Member> = {}): Next => ({ kind: 'next', member: moved(member, command, at, status, change) });

  switch (command.kind) {
    case 'describe':
      return isGone(record.status) ? wrongStatus() : { kind: 'next', member: { ...member, seq: command.seq, record: { ...record, ...command.profile, index: at.index, term: at.term } } };
    case 'admit':
      return record.status === 'JOINING' ? believed(rules, member, command, at, () => to('HEALTHY', trusted(member))) : wrongStatus();
    case 'grade':
      return (record.status === 'HEALTHY' || record.status === 'DEGRADED') && record.status !== command.to ? to(command.to) : wrongStatus();
    case 'suspect': {
      const standing = standingOf(record.status);
      if (standing === null) return wrongStatus();
      return to('SUSPECT', { standing, ...blamed(rules, member, command.cause === 'stalled' ? CHARGE_STALLED : CHARGE_FAILURE, at) });
    }
    case 'clear':
      return record.status === 'SUSPECT' ? believed(rules, member, command, at, () => to(member.standing ?? 'JOINING', trusted(member))) : wrongStatus();
    case 'down':
      if (isGone(record.status)) return wrongStatus();
      if (command.failure === 'evicted') return to('DOWN', { isEvicted: true });
      return to('DOWN', { failuresUnixMs: withFailure(rules, member.failuresUnixMs, command.atUnixMs), ...blamed(rules, member, CHARGE_FAILURE, at) });
    case 'leave':
      return isGone(record.status) || record.status === 'LEAVING' ? wrongStatus() : to('LEAVING');
    case 'left':
      if (member.isEvicted) return evicted(member);
      return record.status === 'LEFT' ? wrongStatus() : to('LEFT');
    case 'reap':
      return reap(rules, member, command);
  }
}

/** What its proposer did not know. */
function staleness({ record, seq }: Member, command: MemberCommand): Rejected | null {
  const { nodeId, incarnation } = record;
  if (command.incarnation !== incarnation) return reject({ kind: 'stale-incarnation', nodeId, seen: command.incarnation, current: incarnation });
  return command.seq < seq ? reject({ kind: 'stale-evidence', nodeId, seen: command.seq, current: seq }) : null;
}

function join(rules: MembershipRules, member: Member | undefined, command: Join, at: At): Next {
  if (member === undefined) return joined(command, at, { admission: afterBeats(rules), failuresUnixMs: [], damping: UNDAMPED, marks: [] });
  const { record } = member;
  const { nodeId } = record;
  if (command.incarnation < record.incarnation) return reject({ kind: 'stale-incarnation', nodeId, seen: command.incarnation, current: record.incarnation });
  return command.incarnation === record.incarnation ? refuted(rules, member, command, at) : nextBoot(rules, member, command, at);
}

/** The same process beats on after it was taken for dead. */
function refuted(rules: MembershipRules, member: Member, command: Join, at: At): Next {
  const { record, failuresUnixMs, damping } = member;
  const { nodeId } = record;
  if (record.status !== 'DOWN') return reject({ kind: 'wrong-status', nodeId, command: 'join', status: record.status });
  if (member.isEvicted) return evicted(member);
  if (command.seq <= member.seq) return reject({ kind: 'stale-evidence', nodeId, seen: command.seq, current: member.seq });
  return believed(rules, member, command, at, () =>
    joined(command, at, { admission: afterFailure(rules, failuresUnixMs), failuresUnixMs, damping: over(damping), marks: withoutMarks(record.marks, 'damped') }),
  );
}

/** A newer incarnation retires the old one, whatever that was, and however often it failed. Only an announced end was no failure. */
function nextBoot(rules: MembershipRules, member: Member, command: Join, at: At): Next {
  const { record, failuresUnixMs } = member;
  const marks = marksOfNextBoot(record.marks);
  if (record.status === 'LEFT' || record.status === 'LEAVING') {
    const calm = stillDamped(rules, member.damping, marks, at);
    return joined(command, at, { admission: afterBeats(rules), failuresUnixMs: recentFailures(rules, failuresUnixMs, command.atUnixMs), ...calm });
  }
  if (record.status === 'DOWN') return joined(command, at, { admission: afterFailure(rules, failuresUnixMs), failuresUnixMs, ...stillDamped(rules, member.damping, marks, at) });
  const failed = withFailure(rules, failuresUnixMs, command.atUnixMs);
  const damping = charged(rules, member.damping, CHARGE_FAILURE, at.agreedMs);
  const marked = damping.penalty > rules.flapSuppress ? withMark(marks, 'damped') : marks;
  return joined(command, at, { admission: afterFailure(rules, failed), failuresUnixMs: failed, ...stillDamped(rules, damping, marked, at) });
}

interface Past {
  readonly admission: Admission;
  readonly failuresUnixMs: readonly number[];
  readonly damping: Damping;
  readonly marks: MemberMark[];
}

function joined({ nodeId, incarnation, reason, profile, atUnixMs, seq }: Join, { index, term }: At, { marks, ...past }: Past): Next {
  const record: MemberRecord = { v: 1, nodeId, incarnation, status: 'JOINING', reason, ...profile, marks, changedAtUnixMs: atUnixMs, index, term };
  return { kind: 'next', member: { record, seq, standing: null, isEvicted: false, ...past } };
}

/** The failures of the last boot are over; the mark stays as long as they weigh. */
function stillDamped(rules: MembershipRules, damping: Damping, marks: MemberMark[], { agreedMs }: At): Pick<Past, 'damping' | 'marks'> {
  const isForgiven = penaltyAt(rules, damping, agreedMs) < rules.flapReuse;
  return { damping: over(damping), marks: isForgiven ? withoutMarks(marks, 'damped') : marks };
}

/** Something better is said of the member: not while it is damped and its failures weigh too much. */
function believed(rules: MembershipRules, member: Member, command: MemberCommand, at: At, next: () => Next): Next {
  const { record, damping } = member;
  if (!record.marks.includes('damped')) return next();
  const penalty = penaltyAt(rules, damping, at.agreedMs);
  if (penalty < rules.flapReuse) return next();
  return reject({ kind: 'damped', nodeId: record.nodeId, command: command.kind, penalty, untilUnixMs: at.unixMs(reusableAtMs(rules, damping)) });
}

/** How a member stands that is believed again. */
function trusted({ record, damping }: Member): Partial<Member> {
  return { damping: over(damping), record: { ...record, marks: withoutMarks(record.marks, 'damped') } };
}

/** How a member stands that failed once more, or failed for good. */
function blamed(rules: MembershipRules, { record, damping }: Member, total: number, { agreedMs }: At): Partial<Member> {
  const next = charged(rules, damping, total, agreedMs);
  return { damping: next, record: { ...record, marks: next.penalty > rules.flapSuppress ? withMark(record.marks, 'damped') : record.marks } };
}

function reap(rules: MembershipRules, { record }: Member, command: MemberCommand): Next {
  if (!isGone(record.status)) return reject({ kind: 'wrong-status', nodeId: record.nodeId, command: 'reap', status: record.status });
  const untilUnixMs = record.changedAtUnixMs + rules.reapAfterMs;
  return command.atUnixMs < untilUnixMs ? reject({ kind: 'too-early', nodeId: record.nodeId, untilUnixMs }) : { kind: 'forgotten' };
}

function moved(member: Member, command: MemberCommand, at: At, status: MemberStatus, change: Partial<Member>): Member {
  const record = { ...(change.record ?? member.record), status, reason: command.reason, changedAtUnixMs: command.atUnixMs, index: at.index, term: at.term };
  return { ...member, standing: null, ...change, record, seq: command.seq };
}

function evicted({ record: { nodeId, incarnation } }: Member): Rejected {
  return reject({ kind: 'evicted', nodeId, incarnation });
}

function reject(rejection: Rejection): Rejected {
  return { kind: 'rejected', rejection };
}
