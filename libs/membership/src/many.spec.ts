import fc from 'fast-check';
import { applying, brake, command, joinFrom, many, order, release, rules, said, T0 } from '../testing/fixtures.js';
import { singleCommand } from '../testing/any-command.js';
import type { SingleCommand } from './command.js';
import { Membership } from './membership.js';
import { changesOf } from './outcome.js';

const NODES = Array.from({ length: 10 }, (_, number) => `node-${number}`);

test('nodes that crash together are one entry: each change has its place in it', () => {
  const { membership, apply } = applying();
  for (const nodeId of NODES) apply(command('join', { nodeId }));
  const outcome = apply(many(...NODES.map((nodeId) => command('down', { nodeId, failure: 'crashed' }))));
  expect(membership.index).toBe(11);
  expect(changesOf(outcome).map(({ index, ordinal }) => [index, ordinal])).toEqual(NODES.map((_, ordinal) => [11, ordinal]));
  expect(membership.changesAfter(10, 3)).toEqual(changesOf(outcome));
  expect([...membership.all()].map(({ record }) => [record.status, record.index])).toEqual(NODES.map(() => ['DOWN', 11]));
});

test('each command of many is applied or refused on its own, in order', () => {
  const { apply } = applying();
  expect(said(apply(many(command('join'), command('admit'), command('admit'), command('suspect'), command('down', { seq: 1 }), command('clear'))))).toBe(
    'JOINING, HEALTHY, wrong-status, SUSPECT, stale-evidence, HEALTHY',
  );
});

test('what is refused takes no number: ordinals count changes, brakes that end among them', () => {
  const { apply } = applying();
  const outcome = apply(many(command('admit'), joinFrom('east'), brake(['a']), command('leave'), order('cordon'), release()));
  expect(said(outcome)).toBe('unknown-member, JOINING, engaged, LEAVING + released, LEAVING, no-brake');
  expect(changesOf(outcome).map(({ kind, ordinal }) => `${ordinal} ${kind}`)).toEqual(['0 transition', '1 brake', '2 transition', '3 brake', '4 updated']);
});

test('many of an old term are refused, all of them; so is one of an older term among them', () => {
  const { apply } = applying();
  const both = many(command('join'), command('join', { nodeId: 'b', term: 2 }));
  expect(said(apply({ ...both, term: 2 }, 2))).toBe('stale-term, JOINING');
  expect(said(apply({ ...both, commands: [command('join', { nodeId: 'c', term: 2 })] }, 2))).toBe('stale-term');
  expect(said(apply(both, 3))).toBe('stale-term, stale-term');
  expect(said(apply({ ...both, term: 9, commands: [command('join', { term: 2 })] }, 3))).toBe('stale-term');
});

test('many of nothing change nothing', () => {
  const { membership, apply } = applying();
  expect(apply(many())).toEqual({ kind: 'many', outcomes: [] });
  expect(membership.changesAfter(0, 9)).toEqual([]);
});

test('whatever is proposed, many in one entry leave the members that they leave one by one', () => {
  const plain = (membership: Membership): unknown => {
    const { members, brakes, time, rules: agreed } = membership.snapshot();
    // Where something happened differs, what happened does not.
    return { brakes, time, agreed, members: members.map((member) => ({ ...member, record: { ...member.record, index: 0 } })) };
  };
  fc.assert(
    fc.property(fc.array(singleCommand, { maxLength: 40 }), (commands: SingleCommand[]) => {
      const [together, oneByOne] = [applying(), applying()];
      const outcome = together.apply(many(...commands));
      const outcomes = commands.map((it) => oneByOne.apply(it));
      expect(plain(together.membership)).toEqual(plain(oneByOne.membership));
      expect(said(outcome)).toBe(outcomes.map((it) => said(it)).join(', '));
      expect(changesOf(outcome).map(({ ordinal }) => ordinal)).toEqual(changesOf(outcome).map((_, position) => position));
    }),
  );
});

test('rules among many hold for those behind them', () => {
  const { membership, apply } = applying();
  const next = { ...rules, joiningBeats: 7 };
  apply(many(command('join'), { kind: 'rules', term: 1, atUnixMs: T0, reason: 'settings', rules: next }, command('join', { nodeId: 'b' })));
  expect([membership.member('a')?.admission.beats, membership.member('b')?.admission.beats]).toEqual([3, 7]);
});
