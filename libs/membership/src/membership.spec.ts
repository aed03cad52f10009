import type { MemberStatus } from '@muster/contracts';
import fc from 'fast-check';
import { applying, command, rules, T0 } from '../testing/fixtures.js';
import type { MemberCommand } from './command.js';
import { Membership } from './membership.js';
import type { Outcome } from './outcome.js';
import { describeRejection } from './rejection.js';

test('a node joins, serves, fails and comes back, and each step is numbered by its entry', () => {
  const { membership, apply } = applying();
  const steps: [MemberCommand, MemberStatus][] = [
    [command('join', { seq: 1 }), 'JOINING'],
    [command('admit', { seq: 3 }), 'HEALTHY'],
    [command('suspect', { seq: 9 }), 'SUSPECT'],
    [command('down', { seq: 9 }), 'DOWN'],
    [command('join', { incarnation: 6, seq: 1 }), 'JOINING'],
    [command('admit', { incarnation: 6, seq: 31 }), 'HEALTHY'],
  ];
  let from: MemberStatus | null = null;
  steps.forEach(([it, status], step) => {
    expect(apply(it)).toMatchObject({ kind: 'changed', change: { kind: 'transition', index: step + 1, from, member: { status, index: step + 1, term: 1 } } });
    from = status;
  });
  expect(membership.changesAfter(3, 10).map((change) => change.index)).toEqual([4, 5, 6]);
  expect(membership.changesAfter(3, 2).map((change) => change.index)).toEqual([4, 5]);
});

test('a command from a term that is over changes nothing', () => {
  const { membership, apply } = applying();
  apply(command('join'));
  const outcome = apply(command('down', { term: 1 }), 2);
  expect(outcome).toEqual({ kind: 'rejected', rejection: { kind: 'stale-term', seen: 1, current: 2 } });
  expect(membership.member('a')?.record.status).toBe('JOINING');
});

test('an entry that comes twice, or out of order, is a bug and not a state', () => {
  const { membership, apply } = applying();
  apply(command('join'));
  expect(() => membership.apply({ index: 1, term: 1, command: command('join') })).toThrow('entries are applied in order');
  expect(() => membership.apply({ index: 2, term: 0, command: command('join') })).toThrow('terms never fall');
});

test('the outbox holds what is not published, and the cursor never goes back nor ahead of the log', () => {
  const { membership, apply } = applying();
  apply(command('join'));
  apply(command('admit'));
  expect(membership.outboxLength).toBe(2);
  expect(apply({ kind: 'published', term: 1, upToIndex: 1 })).toEqual({ kind: 'noted' });
  expect(membership.changesAfter(membership.publishedIndex, 10).map((change) => change.index)).toEqual([2]);
  apply({ kind: 'published', term: 1, upToIndex: 0 });
  expect(membership.publishedIndex).toBe(1);
  apply({ kind: 'published', term: 1, upToIndex: 999 });
  expect(membership.publishedIndex).toBe(membership.index);
});

test('history is bounded, but what is not published is kept up to its own bound, and losses are counted', () => {
  const small = { ...rules, flapSuppress: 1000, historyMax: 8, outboxMax: 20 };
  const { membership, apply } = applying(new Membership(small));
  apply(command('join'));
  apply(command('admit'));
  const flap = (): void => void [apply(command('suspect')), apply(command('clear'))];
  for (let count = 0; count < 9; count++) flap();
  expect(membership.outboxLength).toBe(20);
  expect(membership.outboxDropped).toBe(0);
  for (let count = 0; count < 10; count++) flap();
  expect(membership.outboxLength).toBe(20);
  expect(membership.outboxDropped).toBe(20);
  apply({ kind: 'published', term: 1, upToIndex: membership.index });
  expect(membership.outboxLength).toBe(0);
  expect(membership.changesAfter(0, 100).length).toBeLessThanOrEqual(8 + 2);
});

test('a change of address is told, and is no transition', () => {
  const { membership, apply } = applying();
  apply(command('join'));
  const outcome = apply({ ...command('describe'), kind: 'describe', profile: { ...membership.member('a')!.record, httpUrl: 'http://10.0.0.9:1' } });
  expect(outcome).toMatchObject({ change: { kind: 'updated', member: { httpUrl: 'http://10.0.0.9:1', status: 'JOINING', index: 2 } } });
});

test('the dead are offered for forgetting after a day, and forgetting is told', () => {
  const { membership, apply } = applying();
  apply(command('join'));
  apply(command('down'));
  const later = T0 + rules.reapAfterMs;
  expect(membership.reapable(later - 1)).toEqual([]);
  expect(membership.reapable(later).map((member) => member.record.nodeId)).toEqual(['a']);
  expect(apply(command('reap', { atUnixMs: later }))).toEqual({ kind: 'changed', also: [], change: { kind: 'removed', index: 3, term: 1, ordinal: 0, atUnixMs: later, nodeId: 'a' } });
  expect(membership.member('a')).toBeUndefined();
});

const kinds = ['join', 'describe', 'admit', 'grade', 'suspect', 'clear', 'down', 'leave', 'left', 'reap'] as const;
const commandArbitrary = fc
  .record({
    kind: fc.constantFrom(...kinds),
    nodeId: fc.constantFrom('a', 'b'),
    incarnation: fc.integer({ min: 1, max: 3 }),
    seq: fc.integer({ min: 0, max: 6 }),
    to: fc.constantFrom('HEALTHY' as const, 'DEGRADED' as const),
    atUnixMs: fc.integer({ min: T0, max: T0 + 2 * rules.reapAfterMs }),
  })
  .map(({ kind, ...said }) => command(kind, said));
const script = fc.array(commandArbitrary, { maxLength: 80 });

function play(commands: readonly MemberCommand[]): { membership: Membership; outcomes: Outcome[] } {
  const { membership, apply } = applying();
  return { membership, outcomes: commands.map((it) => apply(it)) };
}

test('whatever is proposed, indexes of changes strictly grow and every rejection has words', () => {
  fc.assert(
    fc.property(script, (commands) => {
      const { outcomes } = play(commands);
      let last = 0;
      for (const outcome of outcomes) {
        expect(outcome.kind === 'rejected' ? describeRejection(outcome.rejection) : 'taken').not.toBe('');
        if (outcome.kind !== 'changed') continue;
        expect(outcome.change.index).toBeGreaterThan(last);
        last = outcome.change.index;
      }
    }),
  );
});

test('whatever is proposed, there is no event without a change of status or incarnation', () => {
  fc.assert(
    fc.property(script, (commands) => {
      const incarnations = new Map<string, number>();
      for (const outcome of play(commands).outcomes) {
        if (outcome.kind !== 'changed' || outcome.change.kind !== 'transition') continue;
        const { from, member } = outcome.change;
        expect(from !== member.status || incarnations.get(member.nodeId) !== member.incarnation).toBe(true);
        incarnations.set(member.nodeId, member.incarnation);
      }
    }),
  );
});

test('whatever is proposed, DOWN of an incarnation ends only by a later beat, and then through JOINING, and LEFT ends never', () => {
  fc.assert(
    fc.property(script, (commands) => {
      const { membership, apply } = applying();
      for (const it of commands) {
        const before = membership.member(it.nodeId);
        apply(it);
        const after = membership.member(it.nodeId);
        if (before === undefined || after === undefined || after.record.incarnation !== before.record.incarnation) continue;
        const allowed: Partial<Record<MemberStatus, MemberStatus[]>> = { LEFT: ['LEFT'], DOWN: it.seq > before.seq ? ['DOWN', 'JOINING', 'LEFT'] : ['DOWN', 'LEFT'] };
        expect(allowed[before.record.status] ?? [after.record.status]).toContain(after.record.status);
      }
    }),
  );
});

test('whatever is proposed, incarnations of a known member never fall', () => {
  fc.assert(
    fc.property(script, (commands) => {
      const { membership, apply } = applying();
      for (const it of commands) {
        const before = membership.member(it.nodeId)?.record.incarnation ?? 0;
        apply(it);
        expect(membership.member(it.nodeId)?.record.incarnation ?? Infinity).toBeGreaterThanOrEqual(before);
      }
    }),
  );
});

test('a snapshot taken anywhere, through JSON, and the rest of the log give the same state', () => {
  fc.assert(
    fc.property(script, fc.nat(80), (commands, cut) => {
      const whole = play(commands).membership;
      const { membership: first } = play(commands.slice(0, cut));
      const restored = new Membership(rules, JSON.parse(JSON.stringify(first.snapshot())));
      const { apply } = applying(restored);
      for (const it of commands.slice(cut)) apply(it);
      expect(restored.snapshot()).toEqual(whole.snapshot());
    }),
  );
});

test('of what is cut when the outbox overflows, only what was never published counts as lost', () => {
  const { membership, apply } = applying(new Membership({ ...rules, flapSuppress: 1000, historyMax: 8, outboxMax: 20 }));
  apply(command('join'));
  apply(command('admit'));
  const flap = (): void => void [apply(command('suspect')), apply(command('clear'))];
  for (let count = 0; count < 3; count++) flap();
  apply({ kind: 'published', term: 1, upToIndex: membership.index });
  for (let count = 0; count < 13; count++) flap();
  expect(membership.outboxLength).toBe(20);
  expect(membership.outboxDropped).toBe(6);
  const [oldest] = membership.changesAfter(0, 1);
  expect(membership.forgottenIndex).toBe((oldest?.index ?? NaN) - 1);
  expect(new Membership(rules, membership.snapshot()).forgottenIndex).toBe(membership.forgottenIndex);
});
