/**
 * What one command does to one member: the next member, or why not. The table of transitions lives here and nowhere else.
 *
 * Verdicts are about an incarnation. DOWN ends one unless a later beat of the very same process refutes it, and even then it
 * comes back through JOINING, never straight into service.
 */
import type { MemberRecord, MemberStatus } from '@muster/contracts';
import type { MemberCommand } from './command.js';
import { type Admission, isGone, type Member, standingOf, UNDAMPED } from './member.js';
import type { Rejection } from './rejection.js';
import type { MembershipRules } from './rules.js';

export type Next = { readonly kind: 'next'; readonly member: Member } | { readonly kind: 'forgotten' } | { readonly kind: 'rejected'; readonly rejection: Rejection };
export interface At {
  readonly index: number;
  readonly term: number;
}

export function transition(rules: MembershipRules, member: Member | undefined, command: MemberCommand, at: At): Next {
  if (command.kind === 'join') return join(rules, member, command, at);
  if (member === undefined) return reject({ kind: 'unknown-member', nodeId: command.nodeId });
  const { record } = member;
  if (command.incarnation !== record.incarnation) {
    return reject({ kind: 'stale-incarnation', nodeId: record.nodeId, seen: command.incarnation, current: record.incarnation });
  }
  if (command.seq < member.seq) return reject({ kind: 'stale-evidence', nodeId: record.nodeId, seen: command.seq, current: member.seq });
  const wrongStatus = (): Next => reject({ kind: 'wrong-status', nodeId: record.nodeId, command: command.kind, status: record.status });
  const to = (status: MemberStatus, change: Partial<Member> = {}): Next => ({ kind: 'next', member: moved(member, command, at, status, change) });

  switch (command.kind) {
    case 'describe':
      return isGone(record.status) ? wrongStatus() : { kind: 'next', member: { ...member, seq: command.seq, record: { ...record, ...command.profile, index: at.index, term: at.term } } };
    case 'admit':
      return record.status === 'JOINING' ? to('HEALTHY') : wrongStatus();
    case 'grade':
      return (record.status === 'HEALTHY' || record.status === 'DEGRADED') && record.status !== command.to ? to(command.to) : wrongStatus();
    case 'suspect': {
      const standing = standingOf(record.status);
      return standing === null ? wrongStatus() : to('SUSPECT', { standing });
    }
    case 'clear':
      return record.status === 'SUSPECT' ? to(member.standing ?? 'JOINING') : wrongStatus();
    case 'down':
      return isGone(record.status) ? wrongStatus() : to('DOWN', { failuresUnixMs: failures(rules, member, command.atUnixMs) });
    case 'leave':
      return isGone(record.status) || record.status === 'LEAVING' ? wrongStatus() : to('LEAVING');
    case 'left':
      return record.status === 'LEFT' ? wrongStatus() : to('LEFT');
    case 'reap':
      return reap(rules, member, command);
  }
}

function join(rules: MembershipRules, member: Member | undefined, command: Extract<MemberCommand, { kind: 'join' }>, at: At): Next {
  const joined = (admission: Admission, failuresUnixMs: readonly number[]): Next => {
    const { nodeId, incarnation, reason, profile, atUnixMs } = command;
    const record: MemberRecord = { v: 1, nodeId, incarnation, status: 'JOINING', reason, ...profile, marks: [], changedAtUnixMs: atUnixMs, index: at.index, term: at.term };
    return { kind: 'next', member: { record, seq: command.seq, standing: null, admission, failuresUnixMs, damping: UNDAMPED, isEvicted: false } };
  };
  const afterBeats: Admission = { beats: rules.joiningBeats, periodMs: 0 };
  if (member === undefined) return joined(afterBeats, []);

  const { record } = member;
  if (command.incarnation < record.incarnation) return reject({ kind: 'stale-incarnation', nodeId: record.nodeId, seen: command.incarnation, current: record.incarnation });
  if (command.incarnation === record.incarnation) {
    if (record.status !== 'DOWN') return reject({ kind: 'wrong-status', nodeId: record.nodeId, command: 'join', status: record.status });
    if (command.seq <= member.seq) return reject({ kind: 'stale-evidence', nodeId: record.nodeId, seen: command.seq, current: member.seq });
    return joined(afterFailure(rules, member.failuresUnixMs), member.failuresUnixMs);
  }
  // A newer incarnation retires the old one. Only an announced end was no failure.
  const hadAnnounced = record.status === 'LEFT' || record.status === 'LEAVING';
  if (hadAnnounced) return joined(afterBeats, recent(rules, member.failuresUnixMs, command.atUnixMs));
  const failuresUnixMs = record.status === 'DOWN' ? member.failuresUnixMs : failures(rules, member, command.atUnixMs);
  return joined(afterFailure(rules, failuresUnixMs), failuresUnixMs);
}

function reap(rules: MembershipRules, { record }: Member, command: MemberCommand): Next {
  if (!isGone(record.status)) return reject({ kind: 'wrong-status', nodeId: record.nodeId, command: 'reap', status: record.status });
  const untilUnixMs = record.changedAtUnixMs + rules.reapAfterMs;
  return command.atUnixMs < untilUnixMs ? reject({ kind: 'too-early', nodeId: record.nodeId, untilUnixMs }) : { kind: 'forgotten' };
}

function moved(member: Member, command: MemberCommand, at: At, status: MemberStatus, change: Partial<Member>): Member {
  const record = { ...member.record, status, reason: command.reason, changedAtUnixMs: command.atUnixMs, index: at.index, term: at.term };
  return { ...member, standing: null, ...change, record, seq: command.seq };
}

/** The period doubles with each failure in the window: a node that flaps waits longer each time. */
function afterFailure(rules: MembershipRules, failuresUnixMs: readonly number[]): Admission {
  const doublings = Math.max(0, failuresUnixMs.length - 1);
  return { beats: rules.joiningBeats, periodMs: Math.min(rules.stabilisationMs * 2 ** doublings, rules.stabilisationMsMax) };
}

function failures(rules: MembershipRules, member: Member, atUnixMs: number): readonly number[] {
  return [...recent(rules, member.failuresUnixMs, atUnixMs), atUnixMs].slice(-rules.failuresMax);
}

function recent(rules: MembershipRules, failuresUnixMs: readonly number[], atUnixMs: number): readonly number[] {
  return failuresUnixMs.filter((failedUnixMs) => failedUnixMs > atUnixMs - rules.failureWindowMs);
}

function reject(rejection: Rejection): Next {
  return { kind: 'rejected', rejection };
}

