import { type Change, type MemberCommand, membershipRules } from '@muster/membership';
import { quiet } from '../testing/lone-cluster.js';
import { type AgreedCommand, AgreedState } from './agreed-state.js';
import { encodePieces } from './log/state-codec.js';

const rules = { ...membershipRules({ stabilisationMs: 1 }), historyMax: 4, outboxMax: 4 };
const about = { term: 1, atUnixMs: 1_700_000_000_000, incarnation: 1, seq: 1, reason: 'test' };
const join = (nodeId: string, more: Partial<MemberCommand> = {}): MemberCommand => ({ ...about, kind: 'join', nodeId, profile: { service: 's', zone: 'z', tags: {}, resources: { cores: 1, memoryBytes: 1 }, httpUrl: null, probeUrl: null }, ...more }) as MemberCommand;
const admit = (nodeId: string): MemberCommand => ({ ...about, kind: 'admit', nodeId });

/** A replica, and what it told. */
function replica() {
  const lines: { level: string; text: string }[] = [];
  const logger = { ...quiet, debug: (_: object, text: string) => void lines.push({ level: 'debug', text }), info: (_: object, text: string) => void lines.push({ level: 'info', text }) };
  const state = new AgreedState(rules, logger);
  const told: Change[][] = [];
  state.listen((changes) => told.push([...changes]));
  let index = 0;
  const apply = (command: AgreedCommand, term = 1) => state.apply({ index: (index += 1), term, command });
  const words = () => told.flat().map((change) => (change.kind === 'transition' || change.kind === 'updated' ? `${change.index} ${change.member.nodeId} ${change.member.status}` : change.kind === 'removed' ? `${change.index} ${change.nodeId} removed` : `${change.index} brake ${change.step}`));
  return { state, apply, told, words, lines };
}

test('a replica that missed entries and gets a snapshot tells what it missed, entry by entry', () => {
  const [one, other] = [replica(), replica()];
  one.apply(join('a'));
  other.apply(join('a'));
  one.apply({ kind: 'many', term: 1, atUnixMs: about.atUnixMs, commands: [join('b'), join('c')] });
  one.apply(admit('a'));
  one.apply({ ...about, kind: 'left', nodeId: 'a' });
  other.told.length = 0;
  other.state.restore(structuredClone(one.state.snapshot()));
  expect(other.words()).toEqual(['2 b JOINING', '2 c JOINING', '3 a HEALTHY', '4 a LEFT']);
  expect(other.told.map(({ length }) => length)).toEqual([2, 1, 1]);
  expect(other.state.snapshot()).toEqual(one.state.snapshot());
});

test('where the history does not reach back, it tells what became of each member, and nothing of those who stayed as they were', () => {
  const [one, other] = [replica(), replica()];
  for (const it of [one, other]) for (const nodeId of ['a', 'b', 'c']) it.apply(join(nodeId));
  one.apply({ ...about, kind: 'left', nodeId: 'a' });
  one.apply({ ...about, kind: 'reap', nodeId: 'a', atUnixMs: about.atUnixMs + 25 * 3600_000 });
  one.apply(admit('b'));
  one.apply({ kind: 'brake', term: 1, atUnixMs: about.atUnixMs, zone: 'z', nodeIds: ['b'], holdMs: 1000, reason: 'silent' });
  for (let turn = 0; turn < 6; turn++) one.apply(join(`n${turn}`));
  expect(one.state.membership.forgottenIndex).toBeGreaterThan(3);
  other.told.length = 0;
  other.state.restore(structuredClone(one.state.snapshot()));
  expect(other.words()).toEqual(['6 b HEALTHY', '8 n0 JOINING', '9 n1 JOINING', '10 n2 JOINING', '11 n3 JOINING', '12 n4 JOINING', '13 n5 JOINING', '13 a removed', '13 brake engaged']);
  for (const ofEntry of other.told) expect(ofEntry.map(({ ordinal }) => ordinal)).toEqual(ofEntry.map((_, position) => position));
});

test('who reads through the view sees the state that took the place of the one before', () => {
  const [one, other] = [replica(), replica()];
  one.apply(join('a'));
  const { view } = other.state;
  expect(view.member('a')).toBeUndefined();
  other.state.restore(one.state.snapshot());
  expect([view.member('a')?.record.status, [...view.all()].length, view.rules]).toEqual(['JOINING', 1, rules]);
});

test('a saved state that is brought back is the same on every replica, and its differences go to the bus under the index of their entry', () => {
  const saved = replica();
  for (const nodeId of ['a', 'b']) saved.apply(join(nodeId));
  saved.apply({ kind: 'published', term: 1, upToIndex: 2 });
  const state = structuredClone(saved.state.snapshot());
  const replicas = [replica(), replica()];
  for (const it of replicas) {
    it.apply(join('x'));
    it.apply(join('a', { incarnation: 9 }));
    it.apply({ kind: 'published', term: 1, upToIndex: 2 });
    it.told.length = 0;
    it.apply({ kind: 'restore', term: 2, atUnixMs: 5, state }, 2);
    expect(it.words()).toEqual(['4 a JOINING', '4 b JOINING', '4 x removed']);
    expect(it.state.membership.changesAfter(it.state.membership.publishedIndex, 10)).toEqual(it.told.flat());
    expect(it.state.membership.member('a')?.record).toMatchObject({ index: 4, term: 2, incarnation: 1 });
    expect([it.state.membership.index, it.state.membership.term]).toEqual([4, 2]);
    it.apply({ ...join('y'), term: 2 }, 2);
  }
  expect(replicas[0]?.state.snapshot()).toEqual(replicas[1]?.state.snapshot());
});

test.each([
  { name: 'goes on where it is', savedAtMs: 1000, nowAtMs: 5000, expectedMs: 5000 },
  { name: 'goes on where the saved state was', savedAtMs: 9000, nowAtMs: 5000, expectedMs: 9000 },
])('agreed time never goes back when a state is brought back: it $name', ({ savedAtMs, nowAtMs, expectedMs }) => {
  const [saved, it] = [replica(), replica()];
  saved.apply(join('a', { atUnixMs: savedAtMs }));
  it.apply(join('x', { atUnixMs: nowAtMs }));
  it.apply({ kind: 'restore', term: 1, atUnixMs: nowAtMs, state: saved.state.snapshot() });
  expect(it.state.snapshot().time).toEqual({ term: 1, unixMs: expectedMs, offsetMs: 0 });
});

test('a member of the same index in the log of another cluster is another one', () => {
  const [saved, it] = [replica(), replica()];
  saved.apply(join('a', { reason: 'another first beat' }));
  it.apply(join('a'));
  it.told.length = 0;
  it.apply({ kind: 'restore', term: 1, atUnixMs: 1, state: saved.state.snapshot() });
  expect(it.words()).toEqual(['2 a JOINING']);
});

test('a state brought back by a leader of an older term is refused', () => {
  const it = replica();
  it.apply(join('a'));
  const outcome = it.state.apply({ index: 2, term: 3, command: { kind: 'restore', term: 2, atUnixMs: 5, state: replica().state.snapshot() } });
  expect(outcome).toEqual({ kind: 'rejected', rejection: { kind: 'stale-term', seen: 2, current: 3 } });
  expect(it.state.membership.member('a')).toBeDefined();
});

test('what happened before this coordinator was there is in the log for those who look for it only', () => {
  const it = replica();
  it.apply(join('a'));
  it.state.caughtUp();
  it.apply(join('b'));
  expect(it.lines.map(({ level }) => level)).toEqual(['debug', 'info']);
});

test('a snapshot that is written out while entries are applied is of the moment in which it was asked for', () => {
  const it = replica();
  for (const nodeId of ['a', 'b', 'c']) it.apply(join(nodeId));
  it.apply({ kind: 'brake', term: 1, atUnixMs: about.atUnixMs, reason: 'many at once', zone: null, nodeIds: ['a'], holdMs: 1000 });
  const expected = JSON.stringify(it.state.snapshot());
  const pieces = encodePieces(it.state.snapshot());
  it.apply(admit('a'));
  it.apply({ ...about, kind: 'left', nodeId: 'b' });
  it.apply(join('d'));
  it.apply({ kind: 'brake', term: 1, atUnixMs: about.atUnixMs + 1, reason: 'more', zone: null, nodeIds: ['a', 'c'], holdMs: 2000 });
  it.apply({ kind: 'published', term: 1, upToIndex: 3 });
  expect(Buffer.concat([...pieces]).toString('utf8')).toBe(expected);
  expect(JSON.stringify(it.state.snapshot())).not.toBe(expected);
});
