import type { MemberStatus } from '@muster/contracts';
import { MEMBER_STATUSES } from '@muster/contracts';
import { command, memberIn, order, rules, type Said, T0 } from '../testing/fixtures.js';
import { FAILURE_CLASSES, type MemberCommand, type OperatorCommand } from './command.js';
import { ordered } from './operator.js';
import { type At, transition } from './transition.js';

const at: At = { index: 9, term: 1, agreedMs: T0, unixMs: (agreedMs) => agreedMs };

/** Status after the command, or the kind of the rejection. */
function after(status: MemberStatus, kind: Kind, said: Said = {}): string {
  const member = memberIn(status);
  const next = isOrder(kind) ? ordered(member, order(kind), at) : transition(rules, member, command(kind, said), at);
  switch (next.kind) {
    case 'next':
      return next.member.record.status;
    case 'forgotten':
      return 'forgotten';
    case 'rejected':
      return next.rejection.kind;
  }
}

type Kind = MemberCommand['kind'] | OperatorCommand['kind'];
const isOrder = (kind: Kind): kind is OperatorCommand['kind'] => kind === 'cordon' || kind === 'uncordon' || kind === 'drain' || kind === 'evict';
const same = Object.fromEntries(MEMBER_STATUSES.map((status) => [status, status]));

/** For each command about the known incarnation, where it leads from each status; everything not listed is refused. */
const table: Record<Kind, Partial<Record<MemberStatus, string>>> = {
  join: { DOWN: 'JOINING' },
  describe: { JOINING: 'JOINING', HEALTHY: 'HEALTHY', DEGRADED: 'DEGRADED', SUSPECT: 'SUSPECT', LEAVING: 'LEAVING' },
  admit: { JOINING: 'HEALTHY' },
  grade: { HEALTHY: 'DEGRADED' },
  suspect: { JOINING: 'SUSPECT', HEALTHY: 'SUSPECT', DEGRADED: 'SUSPECT' },
  clear: { SUSPECT: 'HEALTHY' },
  down: { JOINING: 'DOWN', HEALTHY: 'DOWN', DEGRADED: 'DOWN', SUSPECT: 'DOWN', LEAVING: 'DOWN' },
  leave: { JOINING: 'LEAVING', HEALTHY: 'LEAVING', DEGRADED: 'LEAVING', SUSPECT: 'LEAVING' },
  left: { JOINING: 'LEFT', HEALTHY: 'LEFT', DEGRADED: 'LEFT', SUSPECT: 'LEFT', DOWN: 'LEFT', LEAVING: 'LEFT' },
  reap: { DOWN: 'too-early', LEFT: 'too-early' },
  cordon: same,
  uncordon: Object.fromEntries(MEMBER_STATUSES.map((status) => [status, 'already'])),
  drain: { JOINING: 'JOINING', HEALTHY: 'HEALTHY', DEGRADED: 'DEGRADED', SUSPECT: 'SUSPECT' },
  evict: { JOINING: 'DOWN', HEALTHY: 'DOWN', DEGRADED: 'DOWN', SUSPECT: 'DOWN', DOWN: 'DOWN', LEAVING: 'DOWN', LEFT: 'already' },
};
const cells = Object.entries(table).flatMap(([kind, row]) => MEMBER_STATUSES.map((status) => ({ kind: kind as Kind, status, expected: row[status] ?? 'wrong-status' })));

test.each(cells)('$kind on $status gives $expected', ({ kind, status, expected }) => {
  expect(after(status, kind)).toBe(expected);
});

test.each(FAILURE_CLASSES.flatMap((failure) => MEMBER_STATUSES.map((status) => ({ failure, status }))))('a verdict of $failure on $status goes by the status alone', ({ failure, status }) => {
  expect(after(status, 'down', { failure })).toBe(table.down[status] ?? 'wrong-status');
});

test.each(MEMBER_STATUSES.filter((status) => status !== 'DOWN'))('a member that is %s is not joined again by its own incarnation', (status) => {
  expect(after(status, 'join')).toBe('wrong-status');
});

test('a degraded member is graded up, and not to what it is already', () => {
  expect(after('DEGRADED', 'grade', { to: 'HEALTHY' })).toBe('HEALTHY');
  expect(after('DEGRADED', 'grade', { to: 'DEGRADED' })).toBe('wrong-status');
});

test.each(['JOINING', 'HEALTHY', 'DEGRADED'] as const)('a suspect that was %s goes back to that', (standing) => {
  const next = transition(rules, memberIn('SUSPECT', { standing }), command('clear'), at);
  expect(next).toMatchObject({ kind: 'next', member: { record: { status: standing }, standing: null } });
});

test('a verdict that did not know the last beat is refused', () => {
  expect(after('SUSPECT', 'down', { seq: 9 })).toBe('stale-evidence');
  expect(after('SUSPECT', 'down', { seq: 10 })).toBe('DOWN');
});

test('a verdict about another incarnation is refused, whether older or newer', () => {
  expect(after('HEALTHY', 'down', { incarnation: 4, seq: 999 })).toBe('stale-incarnation');
  expect(after('HEALTHY', 'down', { incarnation: 6 })).toBe('stale-incarnation');
});

test('nothing but a join is possible for a node that nobody knows', () => {
  expect(transition(rules, undefined, command('suspect'), at)).toMatchObject({ rejection: { kind: 'unknown-member' } });
  expect(transition(rules, undefined, command('join'), at)).toMatchObject({ member: { record: { status: 'JOINING', index: 9, term: 1 }, admission: { beats: 3, periodMs: 0 } } });
});

describe('what a node must show before it is HEALTHY', () => {
  const newer = command('join', { incarnation: 6, seq: 1 });
  const periodAfter = (member: ReturnType<typeof memberIn>, join = newer): number => {
    const next = transition(rules, member, join, at);
    if (next.kind !== 'next') throw new Error(JSON.stringify(next));
    return next.member.admission.periodMs;
  };

  test.each(['LEFT', 'LEAVING'] as const)('after %s: three beats', (status) => {
    expect(periodAfter(memberIn(status))).toBe(0);
  });

  test('after a failure: the stabilisation period', () => {
    expect(periodAfter(memberIn('DOWN', { failuresUnixMs: [T0] }))).toBe(30_000);
  });

  test('after a restart without a word: the stabilisation period, because that was a failure as well', () => {
    expect(periodAfter(memberIn('HEALTHY'))).toBe(30_000);
  });

  test('the period doubles with each failure in the window, up to a limit', () => {
    const periods = [1, 2, 3, 4, 5, 6, 7].map((count) => periodAfter(memberIn('DOWN', { failuresUnixMs: Array.from({ length: count }, () => T0) })));
    expect(periods).toEqual([30_000, 60_000, 120_000, 240_000, 480_000, 480_000, 480_000]);
  });

  test('failures that left the window no longer count', () => {
    const old = memberIn('SUSPECT', { failuresUnixMs: [T0 - rules.failureWindowMs - 1, T0 - 1000] });
    const next = transition(rules, old, command('down'), at);
    expect(next).toMatchObject({ member: { failuresUnixMs: [T0 - 1000, T0] } });
  });

  test('of many failures only the latest are remembered', () => {
    const often = memberIn('SUSPECT', { failuresUnixMs: Array.from({ length: rules.failuresMax }, (_, number) => T0 - 1000 + number) });
    const next = transition(rules, often, command('down'), at);
    expect(next).toMatchObject({ member: { failuresUnixMs: [...often.failuresUnixMs.slice(1), T0] } });
  });

  test('the same process that was taken for dead must beat on, and then waits like any other', () => {
    const down = memberIn('DOWN', { failuresUnixMs: [T0] });
    expect(transition(rules, down, command('join', { seq: 10 }), at)).toMatchObject({ rejection: { kind: 'stale-evidence' } });
    expect(periodAfter(down, command('join', { seq: 11 }))).toBe(30_000);
  });
});

test('the dead are forgotten after a day, not before', () => {
  expect(after('DOWN', 'reap', { atUnixMs: T0 + rules.reapAfterMs - 1 })).toBe('too-early');
  expect(after('DOWN', 'reap', { atUnixMs: T0 + rules.reapAfterMs })).toBe('forgotten');
  expect(after('HEALTHY', 'reap', { atUnixMs: T0 + rules.reapAfterMs })).toBe('wrong-status');
});
