import type { MemberStatus } from '@muster/contracts';
import fc from 'fast-check';
import { script, singleCommand } from '../testing/any-command.js';
import { applying, command, profile, rules, said, T0 } from '../testing/fixtures.js';
import type { Change } from './change.js';
import type { Command, MemberCommand } from './command.js';
import { Membership } from './membership.js';
import { changesOf, type Outcome, type SingleOutcome } from './outcome.js';
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

test('a cursor of a term that is over does not move', () => {
  const { membership, apply } = applying();
  apply(command('join'));
  expect(said(apply({ kind: 'published', term: 1, upToIndex: 1 }, 2))).toBe('stale-term');
  expect(membership.publishedIndex).toBe(0);
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

describe('the same id with a new boot or address is back at once, and the old one is retired', () => {
  test.each(['JOINING', 'HEALTHY', 'DEGRADED', 'SUSPECT', 'DOWN', 'LEAVING', 'LEFT'] as const)('with a new boot, when the old one is %s', (status) => {
    const { membership, apply } = applying(new Membership(rules));
    const way: Record<MemberStatus, Parameters<typeof command>[0][]> = { JOINING: [], HEALTHY: ['admit'], DEGRADED: ['admit', 'grade'], SUSPECT: ['suspect'], DOWN: ['down'], LEAVING: ['leave'], LEFT: ['left'] };
    for (const kind of ['join' as const, ...way[status]]) apply(command(kind));
    expect(membership.member('a')?.record.status).toBe(status);
    // Far below what was known of the old one: the sequence starts again with the boot.
    const outcome = apply({ ...command('join', { incarnation: 6, seq: 1 }), kind: 'join', profile: { ...profile, httpUrl: 'http://10.0.0.9:1' } });
    expect(outcome).toMatchObject({ change: { from: status, member: { status: 'JOINING', incarnation: 6, httpUrl: 'http://10.0.0.9:1' } } });
    expect(['suspect', 'down', 'clear', 'left', 'join'].map((kind) => said(apply(command(kind as 'join', { seq: 999 }))))).toEqual(Array.from({ length: 5 }, () => 'stale-incarnation'));
    expect(said(apply(command('admit', { incarnation: 6, seq: 2 })))).toBe('HEALTHY');
  });

  test('with a new address of the same process, whatever its status while it lives', () => {
    const { membership, apply } = applying();
    apply(command('join'));
    for (const kind of ['admit', 'suspect'] as const) {
      apply(command(kind));
      const before = membership.member('a')?.record.status;
      const httpUrl = `http://10.0.0.9:${kind.length}`;
      expect(said(apply({ ...command('describe'), kind: 'describe', profile: { ...profile, httpUrl } }))).toBe(before);
      expect(membership.member('a')?.record).toMatchObject({ httpUrl, incarnation: 5 });
    }
  });

  test('with a new address after it was taken for dead', () => {
    const { membership, apply } = applying();
    for (const kind of ['join', 'down'] as const) apply(command(kind));
    expect(said(apply({ ...command('join', { seq: 21 }), kind: 'join', profile: { ...profile, httpUrl: 'http://10.0.0.9:1' } }))).toBe('JOINING');
    expect(membership.member('a')?.record.httpUrl).toBe('http://10.0.0.9:1');
  });
});

function outcomes(commands: readonly Command[]): Outcome[] {
  const { apply } = applying();
  return commands.map((it) => apply(it));
}
const singles = (outcome: Outcome): readonly SingleOutcome[] => (outcome.kind === 'many' ? outcome.outcomes : [outcome]);
const transitions = (changes: readonly Change[]) => changes.filter((change) => change.kind === 'transition');

test('whatever is proposed, changes are numbered without a gap or a step back, and every rejection has words', () => {
  fc.assert(
    fc.property(script, (commands) => {
      let last = 0;
      for (const outcome of outcomes(commands)) {
        const changes = changesOf(outcome);
        expect(changes.map(({ ordinal }) => ordinal)).toEqual(changes.map((_, position) => position));
        for (const { index } of changes) expect(index).toBeGreaterThan(last);
        last = changes[0]?.index ?? last;
        for (const single of singles(outcome)) expect(single.kind === 'rejected' ? describeRejection(single.rejection) : 'taken').toMatch(/^[^{}]{4,}$/);
      }
    }),
  );
});

test('whatever is proposed, there is no transition without a change of status or incarnation', () => {
  fc.assert(
    fc.property(script, (commands) => {
      const incarnations = new Map<string, number>();
      for (const { from, member } of transitions(outcomes(commands).flatMap((outcome) => changesOf(outcome)))) {
        expect(from !== member.status || incarnations.get(member.nodeId) !== member.incarnation).toBe(true);
        incarnations.set(member.nodeId, member.incarnation);
      }
    }),
  );
});

test('whatever is proposed, what is final stays: LEFT for ever, evicted for ever, DOWN until a later beat, and then through JOINING', () => {
  fc.assert(
    fc.property(fc.array(singleCommand, { maxLength: 60 }), (commands) => {
      const { membership, apply } = applying();
      for (const it of commands) {
        const nodeId = 'nodeId' in it ? it.nodeId : 'a';
        const before = membership.member(nodeId);
        apply(it);
        const after = membership.member(nodeId);
        if (before === undefined || after === undefined || after.record.incarnation !== before.record.incarnation) continue;
        const refuted: MemberStatus[] = !before.isEvicted && 'seq' in it && it.seq > before.seq ? ['JOINING'] : [];
        const allowed: Partial<Record<MemberStatus, MemberStatus[]>> = { LEFT: ['LEFT'], DOWN: [...refuted, 'DOWN', ...(before.isEvicted ? [] : (['LEFT'] as const))] };
        expect(allowed[before.record.status] ?? [after.record.status]).toContain(after.record.status);
        expect(after.isEvicted || !before.isEvicted).toBe(true);
      }
    }),
  );
});

test('whatever is proposed, incarnations of a known member never fall', () => {
  fc.assert(
    fc.property(fc.array(singleCommand, { maxLength: 60 }), (commands) => {
      const { membership, apply } = applying();
      for (const it of commands) {
        const nodeId = 'nodeId' in it ? it.nodeId : 'a';
        const before = membership.member(nodeId)?.record.incarnation ?? 0;
        apply(it);
        expect(membership.member(nodeId)?.record.incarnation ?? Infinity).toBeGreaterThanOrEqual(before);
      }
    }),
  );
});

test('whatever is proposed, nobody is DOWN as unreachable while a brake protects it, and what was asked before says so', () => {
  fc.assert(
    fc.property(fc.array(singleCommand, { maxLength: 60 }), (commands) => {
      const { membership, apply } = applying();
      for (const it of commands) {
        const barrier = 'nodeId' in it ? membership.braked(it.nodeId, it.atUnixMs) : null;
        const outcome = apply(it);
        const isUnreachable = transitions(changesOf(outcome)).some(({ failure }) => failure === 'unreachable');
        expect(isUnreachable && barrier !== null).toBe(false);
        const isBraked = outcome.kind === 'rejected' && outcome.rejection.kind === 'braked';
        expect(isBraked && barrier === null).toBe(false);
      }
    }),
  );
});

test('whatever is proposed, marks are sorted and single, and brakes protect only members that live', () => {
  fc.assert(
    fc.property(script, (commands) => {
      const { membership, apply } = applying();
      for (const it of commands) apply(it);
      for (const { record } of membership.all()) expect(record.marks).toEqual([...new Set(record.marks)].sort());
      for (const { nodeIds } of membership.brakes()) {
        expect(nodeIds.length).toBeGreaterThan(0);
        for (const nodeId of nodeIds) expect(['JOINING', 'HEALTHY', 'DEGRADED', 'SUSPECT']).toContain(membership.member(nodeId)?.record.status);
      }
    }),
  );
});

test('whatever is proposed, a damped member is never in service, and what was asked before says whether it may be believed', () => {
  fc.assert(
    fc.property(fc.array(singleCommand, { maxLength: 60 }), (commands) => {
      const { membership, apply } = applying();
      for (const it of commands) {
        const until = 'nodeId' in it ? membership.damping(it.nodeId, it.atUnixMs).untilUnixMs : null;
        const outcome = apply(it);
        expect(outcome.kind === 'rejected' && outcome.rejection.kind === 'damped' && until === null).toBe(false);
        for (const { record } of membership.all()) expect(record.marks.includes('damped') && (record.status === 'HEALTHY' || record.status === 'DEGRADED')).toBe(false);
      }
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
