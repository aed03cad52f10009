/** What is written to the log about a change of membership. */
import type { Logger } from '@muster/contracts';
import type { Change } from '@muster/membership';

/** `isOld`: it happened before this coordinator was there. */
export function noteChange(logger: Logger, change: Change, isOld: boolean): void {
  const { index } = change;
  const say = (level: 'info' | 'warn', facts: object, text: string): void => logger[isOld ? 'debug' : level]({ ...facts, index }, text);
  switch (change.kind) {
    case 'transition': {
      const { nodeId, incarnation, status, reason } = change.member;
      return say('info', { member: nodeId, incarnation, from: change.from, to: status, reason }, `${nodeId}: ${change.from ?? 'unknown'} -> ${status} (${reason})`);
    }
    case 'brake': {
      const { zone, nodeIds } = change.brake;
      return say('warn', { zone, members: nodeIds.length, step: change.step, reason: change.reason }, `brake of ${zone === null ? 'the cluster' : `zone ${zone}`} ${change.step} (${change.reason})`);
    }
    case 'updated':
      return say('info', { member: change.member.nodeId, marks: change.member.marks }, `${change.member.nodeId}: ${change.reason}`);
    case 'removed':
      return say('info', { member: change.nodeId }, `${change.nodeId}: forgotten`);
  }
}
