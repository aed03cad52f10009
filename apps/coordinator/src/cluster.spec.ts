import { type Change, type Command, type MemberCommand, membershipRules, type MembershipSettings, type MembershipSnapshot } from '@muster/membership';
import { loneCluster, quiet } from '../testing/lone-cluster.js';
import type { Cluster } from './cluster.js';

function open(settings: Partial<MembershipSettings> = {}, error: (facts: object) => void = () => undefined, state?: MembershipSnapshot): Cluster {
  return loneCluster({ rules: membershipRules({ stabilisationMs: 1, ...settings }), logger: { ...quiet, error }, ...(state === undefined ? {} : { state }) }).cluster;
}
const about = { term: 1, atUnixMs: 1000, incarnation: 1, seq: 1, reason: 'test' };
const joins = (nodeId: string): MemberCommand => ({ ...about, kind: 'join', nodeId, profile: { service: 's', zone: 'z', tags: {}, resources: { cores: 1, memoryBytes: 1 }, httpUrl: null, probeUrl: null } });
const many = (...commands: MemberCommand[]): Command => ({ kind: 'many', term: 1, atUnixMs: 1000, commands });
const nodesOf = (changes: readonly Change[]): string[] => changes.flatMap((change) => (change.kind === 'transition' ? [change.member.nodeId] : []));

test('all changes of an entry are told at once, in their order; an entry that changes nothing is not told', async () => {
  const cluster = open();
  const told: string[][] = [];
  cluster.listen((changes) => told.push(nodesOf(changes)));
  await cluster.propose(joins('a'));
  await cluster.propose(many(joins('b'), joins('a'), joins('c')));
  await cluster.propose(many(joins('b'), joins('c')));
  await cluster.propose({ kind: 'published', term: 1, upToIndex: 1 });
  expect(told).toEqual([['a'], ['b', 'c']]);
});

test('a listener that fails keeps nothing from the others, and is said', async () => {
  const faults: object[] = [];
  const cluster = open({}, (facts) => faults.push(facts));
  cluster.listen(() => {
    throw new Error('reader');
  });
  const told: string[][] = [];
  const stop = cluster.listen((changes) => told.push(nodesOf(changes)));
  await cluster.propose(joins('a'));
  stop();
  await cluster.propose(joins('b'));
  expect(told).toEqual([['a']]);
  expect(faults).toMatchObject([{ index: 1 }, { index: 2 }]);
});

test('the rules of a start are agreed on once, and again only when they differ', async () => {
  const first = open();
  await first.agreeOnRules(1000);
  await first.agreeOnRules(1000);
  expect(first.membership.index).toBe(1);
  const same = open({}, undefined, first.saved());
  await same.agreeOnRules(2000);
  expect(same.membership.index).toBe(1);
  const other = open({ joiningBeats: 7 }, undefined, same.saved());
  expect(other.membership.rules.joiningBeats).toBe(3);
  await other.agreeOnRules(3000);
  expect([other.membership.index, other.membership.rules.joiningBeats]).toEqual([2, 7]);
});

test('rules that could not be agreed on are said; those of before hold', async () => {
  const faults: object[] = [];
  const cluster = open({}, (facts) => faults.push(facts));
  cluster.propose = () => Promise.resolve({ kind: 'unavailable', code: 'busy', reason: 'disk full' });
  await cluster.agreeOnRules(1000);
  expect(faults).toEqual([{ reason: 'disk full' }]);
});
