import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Change, type Command, type MemberCommand, membershipRules, type MembershipSettings } from '@muster/membership';
import { Cluster } from './cluster.js';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
let folder: string;
const closers: (() => Promise<void>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-cluster-'));
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  rmSync(folder, { recursive: true });
});

function open(settings: Partial<MembershipSettings> = {}, error: (facts: object) => void = () => undefined): Cluster {
  const cluster = Cluster.open({ name: 'test', nodeId: 'self', statePath: join(folder, 'state.sqlite'), rules: membershipRules({ stabilisationMs: 1, ...settings }), snapshotEntries: 1000, logger: { ...quiet, error } });
  closers.push(() => cluster.close());
  return cluster;
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
  await first.close();
  const same = open();
  await same.agreeOnRules(2000);
  expect(same.membership.index).toBe(1);
  await same.close();
  const other = open({ joiningBeats: 7 });
  expect(other.membership.rules.joiningBeats).toBe(3);
  await other.agreeOnRules(3000);
  expect([other.membership.index, other.membership.rules.joiningBeats]).toEqual([2, 7]);
});

test('rules that could not be agreed on are said; those of before hold', async () => {
  const faults: object[] = [];
  const cluster = open({}, (facts) => faults.push(facts));
  cluster.propose = () => Promise.resolve({ kind: 'unavailable', reason: 'disk full' });
  await cluster.agreeOnRules(1000);
  expect(faults).toEqual([{ reason: 'disk full' }]);
});
