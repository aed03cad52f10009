/** Marks of a member: sorted, each at most once. Only these functions make lists of them. */
import type { MemberMark } from '@muster/contracts';

export function withMark(marks: readonly MemberMark[], mark: MemberMark): MemberMark[] {
  return [...new Set([...marks, mark])].sort();
}

export function withoutMarks(marks: readonly MemberMark[], ...gone: readonly MemberMark[]): MemberMark[] {
  return marks.filter((mark) => !gone.includes(mark));
}

/**
 * What a new boot of the node keeps. A cordon is about the node, until an operator takes it back. Draining is about the work in one
 * process: it ended with it. Whether damping stays depends on the penalty.
 */
export function marksOfNextBoot(marks: readonly MemberMark[]): MemberMark[] {
  return withoutMarks(marks, 'draining');
}
