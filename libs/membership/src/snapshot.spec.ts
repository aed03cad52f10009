import fc from 'fast-check';
import { applying, brake, command, many, order, profile, rules, said, T0 } from '../testing/fixtures.js';
import { script } from '../testing/any-command.js';
import type { Command } from './command.js';
import { Membership } from './membership.js';
import { isSameRules, type MembershipRules, membershipRules } from './rules.js';
import type { MembershipSnapshotV1 } from './snapshot.js';

const throughJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
const ruled = (wanted: MembershipRules): Command => ({ kind: 'rules', term: 1, atUnixMs: T0, reason: 'settings of the leader', rules: wanted });

function play(commands: readonly Command[], from = new Membership(rules)): Membership {
  const { membership, apply } = applying(from);
  for (const it of commands) apply(it);
  return membership;
}

test('a snapshot taken anywhere, through JSON, and the rest of the log give the state of the whole log', () => {
  fc.assert(
    fc.property(script, fc.nat(60), (commands, cut) => {
      const taken = throughJson(play(commands.slice(0, cut)).snapshot());
      // Rules in the snapshot count, whatever the settings of who reads it.
      const restored = play(commands.slice(cut), new Membership(membershipRules({ stabilisationMs: 1, joiningBeats: 99 }), taken));
      expect(restored.snapshot()).toEqual(play(commands).snapshot());
    }),
  );
});

test('a snapshot is a picture: what is applied after it does not change it', () => {
  fc.assert(
    fc.property(script, fc.nat(60), (commands, cut) => {
      const membership = play(commands.slice(0, cut));
      const taken = membership.snapshot();
      const before = throughJson(taken);
      play(commands.slice(cut), membership);
      expect(throughJson(taken)).toEqual(before);
    }),
  );
});

test('the same log gives the same state on every replica, to the last bit of a penalty', () => {
  fc.assert(
    fc.property(script, (commands) => {
      expect(JSON.stringify(play(commands).snapshot())).toBe(JSON.stringify(play(throughJson(commands)).snapshot()));
    }),
  );
});

describe('rules', () => {
  const wanted = membershipRules({ stabilisationMs: 5000, joiningBeats: 2, reapAfterMs: 1000, flap: { halfLifeMs: 1000, suppress: 3, reuse: 1 } });

  test('of a fresh log must be agreed even when they are those that were assumed', () => {
    const { membership, apply } = applying();
    expect(membership.needsRules(rules)).toBe(true);
    expect(apply(ruled(rules))).toEqual({ kind: 'noted' });
    expect(membership.needsRules(rules)).toBe(false);
    expect(membership.needsRules(wanted)).toBe(true);
  });

  test('hold from their entry on, for all of what they rule', () => {
    const { membership, apply } = applying();
    apply(ruled(wanted));
    expect(membership.rules).toEqual(wanted);
    apply(command('join'));
    expect(membership.member('a')?.admission).toEqual({ beats: 2, periodMs: 0 });
    apply(command('down'));
    expect(membership.reapable(T0 + 1000)).toHaveLength(1);
    expect(membership.damping('a', T0 + 1000).penalty).toBeCloseTo(0.5, 12);
    apply(command('join', { seq: 21 }));
    expect(membership.member('a')?.admission.periodMs).toBe(5000);
  });

  test('of an old leader are refused', () => {
    const { membership, apply } = applying();
    expect(said(apply(ruled(wanted), 2))).toBe('stale-term');
    expect(membership.rules).toBe(rules);
  });

  test('come with the snapshot, and need not be agreed again', () => {
    const restored = new Membership(rules, throughJson(play([ruled(wanted)]).snapshot()));
    expect([restored.needsRules(wanted), restored.needsRules(rules)]).toEqual([false, true]);
  });

  test('are the same only when every single one is', () => {
    for (const name of Object.keys(rules) as (keyof MembershipRules)[]) expect(isSameRules(rules, { ...rules, [name]: -1 })).toBe(false);
    expect(isSameRules(rules, throughJson(rules))).toBe(true);
    const { joiningBeats: _, ...fewer } = rules;
    expect(isSameRules(fewer as MembershipRules, rules)).toBe(false);
  });
});

describe('data directories of the first version', () => {
  const { probeUrl: _, ...oldProfile } = profile;
  const record = { v: 1 as const, nodeId: 'a', incarnation: 5, status: 'SUSPECT' as const, reason: 'silent', ...oldProfile, changedAtUnixMs: T0, index: 3, term: 1 };
  const old: MembershipSnapshotV1 = {
    v: 1,
    index: 7,
    term: 2,
    publishedIndex: 3,
    outboxDropped: 4,
    members: [{ record, seq: 10, standing: 'HEALTHY', admission: { beats: 3, periodMs: 0 }, failuresUnixMs: [T0 - 1] }],
    changes: [
      { kind: 'transition', index: 3, term: 1, from: 'HEALTHY', member: record, silenceMs: 3000 },
      { kind: 'updated', index: 4, term: 1, member: record },
      { kind: 'removed', index: 7, term: 2, nodeId: 'b' },
    ],
  };

  test('their snapshot is read: members, history and outbox are there, nothing is held against anybody', () => {
    const restored = new Membership(rules, throughJson(old));
    expect([restored.index, restored.term, restored.publishedIndex, restored.outboxDropped, restored.forgottenIndex, restored.outboxLength]).toEqual([7, 2, 3, 4, 0, 2]);
    expect(restored.member('a')).toEqual({ ...old.members[0], record: { ...record, marks: [], probeUrl: null }, damping: { penalty: 0, atMs: 0, charged: 0 }, isEvicted: false });
    const member = { ...record, marks: [], probeUrl: null };
    expect(restored.changesAfter(0, 9)).toEqual([
      { kind: 'transition', index: 3, term: 1, ordinal: 0, atUnixMs: T0, from: 'HEALTHY', member, silenceMs: 3000, failure: null },
      { kind: 'updated', index: 4, term: 1, ordinal: 0, atUnixMs: T0, member, reason: 'silent' },
      { kind: 'removed', index: 7, term: 2, ordinal: 0, atUnixMs: 0, nodeId: 'b' },
    ]);
    expect(restored.brakes()).toEqual([]);
    expect(restored.needsRules(rules)).toBe(true);
  });

  test('what was trimmed of their history stays known, and marks and addresses that were written are kept', () => {
    const marked = { ...record, marks: ['cordoned' as const], probeUrl: 'tcp://h:1' };
    const restored = new Membership(rules, throughJson({ ...old, forgottenIndex: 2, members: old.members.map((member) => ({ ...member, record: marked })) }));
    expect(restored.forgottenIndex).toBe(2);
    expect(restored.member('a')?.record).toMatchObject({ marks: ['cordoned'], probeUrl: 'tcp://h:1' });
  });

  test('they go on from there', () => {
    const { membership, apply } = applying(new Membership(rules, throughJson(old)));
    expect(said(apply(command('clear'), 2))).toBe('stale-term');
    expect(said(apply(command('clear', { term: 2 })))).toBe('HEALTHY');
    expect(membership.snapshot()).toMatchObject({ v: 2, index: 9 });
  });

  test('entries of their logs are read: nodes had no probe port, a suspect was silent', () => {
    const { membership, apply } = applying();
    const about = { term: 1, atUnixMs: T0, nodeId: 'a', incarnation: 5, seq: 20, reason: 'x' };
    const written = [
      { ...about, kind: 'join', profile: oldProfile },
      { ...about, kind: 'describe', profile: { ...oldProfile, zone: 'other' } },
      { ...about, kind: 'suspect', silenceMs: 3000 },
      { ...about, kind: 'down', silenceMs: 12_000, failure: 'unreachable' },
    ];
    expect(written.map((it) => said(apply(it as Command)))).toEqual(['JOINING', 'JOINING', 'SUSPECT', 'DOWN']);
    expect(membership.member('a')?.record).toMatchObject({ probeUrl: null, zone: 'other' });
    expect(membership.damping('a', T0).penalty).toBe(1);
  });
});

test('brakes, penalties, orders and agreed time are part of the snapshot', () => {
  const commands = [command('join'), command('join', { nodeId: 'b' }), command('suspect'), brake(['a', 'b']), order('drain'), many(order('evict', { nodeId: 'b' }))];
  const restored = new Membership(rules, throughJson(play(commands).snapshot()));
  expect(restored.braked('a', T0)).toEqual({ zone: null, untilUnixMs: T0 + 60_000 });
  expect(restored.damping('a', T0).penalty).toBe(1);
  expect(restored.member('a')?.record.marks).toEqual(['draining']);
  expect(restored.member('b')?.isEvicted).toBe(true);
  expect(restored.damping('a', T0 - 1000).penalty).toBe(1);
});
