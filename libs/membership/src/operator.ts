/**
 * What one order of an operator does to one member. Orders are about the member as it is: no beat makes them stale. To ask for what is so
 * already changes nothing and is said so.
 */
import type { MemberMark } from '@muster/contracts';
import type { OperatorCommand } from './command.js';
import { withMark, withoutMarks } from './marks.js';
import { isGone, type Member } from './member.js';
import type { Rejection } from './rejection.js';
import type { At, Next } from './transition.js';

export function ordered(member: Member | undefined, command: OperatorCommand, at: At): Exclude<Next, { kind: 'forgotten' }> {
  const { nodeId, kind } = command;
  if (member === undefined) return reject({ kind: 'unknown-member', nodeId });
  const { record } = member;
  if (command.incarnation !== undefined && command.incarnation !== record.incarnation) {
    return reject({ kind: 'stale-incarnation', nodeId, seen: command.incarnation, current: record.incarnation });
  }
  const already = (is: string): ReturnType<typeof reject> => reject({ kind: 'already', nodeId, command: kind, is });
  const marked = (marks: MemberMark[]): ReturnType<typeof ordered> => ({ kind: 'next', member: { ...member, record: { ...record, marks, index: at.index, term: at.term } } });
  switch (kind) {
    // Of the dead as well: who cordons a node does not want its next boot to serve.
    case 'cordon':
      return record.marks.includes('cordoned') ? already('cordoned') : marked(withMark(record.marks, 'cordoned'));
    case 'uncordon': {
      const marks = withoutMarks(record.marks, 'cordoned', 'draining');
      return marks.length === record.marks.length ? already('neither cordoned nor draining') : marked(marks);
    }
    case 'drain':
      if (isGone(record.status) || record.status === 'LEAVING') return reject({ kind: 'wrong-status', nodeId, command: kind, status: record.status });
      return record.marks.includes('draining') ? already('draining') : marked(withMark(record.marks, 'draining'));
    case 'evict':
      if (member.isEvicted) return already('evicted');
      return record.status === 'LEFT' ? already('gone by its own word') : { kind: 'next', member: evicted(member, command, at) };
  }
}

/** DOWN for good. Who was DOWN before stays so since then, and can no more refute it. */
function evicted(member: Member, { reason, atUnixMs }: OperatorCommand, { index, term }: At): Member {
  const { record } = member;
  const changedAtUnixMs = record.status === 'DOWN' ? record.changedAtUnixMs : atUnixMs;
  return { ...member, standing: null, isEvicted: true, record: { ...record, status: 'DOWN', reason, changedAtUnixMs, index, term } };
}

function reject(rejection: Rejection): { readonly kind: 'rejected'; readonly rejection: Rejection } {
  return { kind: 'rejected', rejection };
}
