import { applying, command, joinFrom, order, rules, said, T0 } from '../testing/fixtures.js';
import type { Command, MemberCommand, OperatorCommand } from './command.js';
import { describeRejection } from './rejection.js';

/** Node `a`, HEALTHY, and what came of everything that it is told. */
function serving() {
  const { membership, apply } = applying();
  apply(command('join'));
  apply(command('admit'));
  const tell = (it: Command): string => said(apply(it));
  const orders = (...kinds: OperatorCommand['kind'][]): string[] => kinds.map((kind) => tell(order(kind)));
  const marks = (): readonly string[] | undefined => membership.member('a')?.record.marks;
  const words = (it: Command): string => {
    const outcome = apply(it);
    return outcome.kind === 'rejected' ? describeRejection(outcome.rejection) : 'taken';
  };
  return { membership, apply, tell, orders, marks, words };
}

test('cordon and drain mark a member, sorted, and leave its status alone; uncordon takes both back', () => {
  const { orders, marks } = serving();
  expect(orders('drain', 'cordon')).toEqual(['HEALTHY', 'HEALTHY']);
  expect(marks()).toEqual(['cordoned', 'draining']);
  expect(orders('uncordon')).toEqual(['HEALTHY']);
  expect(marks()).toEqual([]);
});

test.each([
  { mark: 'cordon' as const },
  { mark: 'drain' as const },
])('uncordon alone ends $mark', ({ mark }) => {
  const { orders, marks } = serving();
  orders(mark, 'uncordon');
  expect(marks()).toEqual([]);
});

test.each([
  { first: 'cordon', again: 'a is cordoned already' },
  { first: 'drain', again: 'a is draining already' },
  { first: 'evict', again: 'a is evicted already' },
  { first: 'uncordon', again: 'a is neither cordoned nor draining already' },
] as const)('to $first twice changes nothing the second time, and is said so', ({ first, again }) => {
  const { membership, tell, words } = serving();
  tell(order(first));
  const before = membership.member('a');
  expect(words(order(first))).toBe(again);
  expect(membership.member('a')).toBe(before);
});

test('the change says why in the words of the operator, and the record keeps the reason of its status', () => {
  const { apply } = serving();
  expect(apply(order('cordon'))).toMatchObject({
    change: { kind: 'updated', reason: 'cordon: new kernel (by ada)', atUnixMs: T0, member: { marks: ['cordoned'], reason: 'admit', status: 'HEALTHY', index: 3, term: 1 } },
  });
});

test('an order is about the member as it is: no beat makes it stale, another incarnation does when it was named', () => {
  const { tell, membership } = serving();
  expect(tell(order('cordon', { incarnation: 4 }))).toBe('stale-incarnation');
  expect(tell(order('cordon', { incarnation: 5 }))).toBe('HEALTHY');
  expect(membership.member('a')?.seq).toBe(20);
  expect(tell(order('drain', { nodeId: 'stranger' }))).toBe('unknown-member');
});

test('a cordon survives a restart of the node, draining ends with the process', () => {
  const { orders, tell, marks } = serving();
  orders('cordon', 'drain');
  expect(tell(command('join', { incarnation: 6, seq: 1 }))).toBe('JOINING');
  expect(marks()).toEqual(['cordoned']);
  tell(command('admit', { incarnation: 6, seq: 2 }));
  expect(marks()).toEqual(['cordoned']);
});

test('marks of operators outlive failure and return of the same process', () => {
  const { orders, tell, marks } = serving();
  orders('cordon', 'drain');
  for (const kind of ['suspect', 'down'] as const) tell(command(kind));
  expect(tell(command('join', { seq: 21 }))).toBe('JOINING');
  expect(marks()).toEqual(['cordoned', 'draining']);
});

test('damped and cordoned are marks of their own: neither ends the other', () => {
  const { orders, tell, marks } = serving();
  orders('cordon');
  for (const kind of ['suspect', 'clear', 'suspect'] as const) tell(command(kind));
  expect(marks()).toEqual(['cordoned', 'damped']);
  orders('uncordon');
  expect(marks()).toEqual(['damped']);
  orders('drain');
  tell(command('clear', { atUnixMs: T0 + 600_000 }));
  expect(marks()).toEqual(['draining']);
});

test('a node that is gone can be cordoned, so that its next boot does not serve, but not drained', () => {
  const { tell, orders, words } = serving();
  tell(command('down'));
  expect(orders('cordon')).toEqual(['DOWN']);
  expect(words(order('drain'))).toBe('drain does not apply to a, which is DOWN');
  tell(command('left'));
  expect(orders('uncordon', 'drain')).toEqual(['LEFT', 'wrong-status']);
});

test('a member that is leaving is not drained: it does so by itself', () => {
  const { tell, orders } = serving();
  tell(command('leave'));
  expect(orders('drain')).toEqual(['wrong-status']);
});

describe('an evicted incarnation', () => {
  test('is DOWN at once, by order, whatever it was', () => {
    const { apply } = serving();
    expect(apply(order('evict', { reason: 'bad disk (by ada)' }))).toMatchObject({
      change: { kind: 'transition', from: 'HEALTHY', silenceMs: null, failure: 'evicted', member: { status: 'DOWN', reason: 'bad disk (by ada)', changedAtUnixMs: T0 } },
    });
  });

  test.each([
    { by: 'order', it: order('evict') },
    { by: 'verdict', it: command('down', { failure: 'evicted' }) },
  ])('by $by is final: no beat refutes it, no last word changes it', ({ it }) => {
    const { tell, words } = serving();
    tell(it);
    expect(words(command('join', { seq: 999 }))).toBe('incarnation 5 of a was evicted: only a restart of it joins again');
    const worse: MemberCommand['kind'][] = ['suspect', 'clear', 'admit', 'grade', 'down', 'describe', 'leave'];
    expect(worse.map((kind) => tell(command(kind)))).toEqual(worse.map(() => 'wrong-status'));
    expect(tell(command('left'))).toBe('evicted');
  });

  test('does not stand in the way of the next boot, which must show that it is stable', () => {
    const { membership, tell, orders } = serving();
    orders('evict');
    expect(tell(command('join', { incarnation: 6, seq: 1 }))).toBe('JOINING');
    expect(membership.member('a')).toMatchObject({ isEvicted: false, admission: { periodMs: rules.stabilisationMs }, failuresUnixMs: [] });
    expect(tell(command('suspect', { incarnation: 6, seq: 1 }))).toBe('SUSPECT');
  });

  test('may have been DOWN before: from then on it cannot come back, and is DOWN since when it was', () => {
    const { apply, tell } = serving();
    tell(command('down'));
    expect(apply(order('evict', { atUnixMs: T0 + 5000 }))).toMatchObject({ change: { kind: 'updated', member: { status: 'DOWN', changedAtUnixMs: T0, reason: 'evict: new kernel (by ada)' } } });
    expect(tell(command('join', { seq: 21 }))).toBe('evicted');
  });

  test('that has left by its own word is gone already', () => {
    const { tell, words } = serving();
    tell(command('left'));
    expect(words(order('evict'))).toBe('a is gone by its own word already');
  });

  test('is not counted as a failure of its node', () => {
    const { membership, orders } = serving();
    orders('evict');
    expect(membership.member('a')?.failuresUnixMs).toEqual([]);
    expect(membership.damping('a', T0).penalty).toBe(0);
  });

  test('is forgotten like all the dead', () => {
    const { tell, orders } = serving();
    orders('evict');
    expect(tell(command('reap', { atUnixMs: T0 + rules.reapAfterMs }))).toBe('removed');
  });
});

test('an order in an old term is refused like everything else', () => {
  const { membership } = serving();
  expect(said(membership.apply({ index: 9, term: 2, command: order('evict') }))).toBe('stale-term');
});

test('cordoned, a node joins under its mark from another zone too', () => {
  const { tell, orders, membership } = serving();
  orders('cordon');
  tell(joinFrom('west', { incarnation: 6 }));
  expect(membership.member('a')?.record).toMatchObject({ zone: 'west', marks: ['cordoned'], status: 'JOINING' });
});
