import { type Beat, LANE_LINE_BYTES_MAX, LANE_PATH, LANE_PROTOCOL } from '@muster/contracts';
import { until } from '@muster/testing';
import { monoMs } from '../engine/mono-clock.js';
import { SharedCounters } from '../engine/shared-counters.js';
import { FakeCoordinator } from '../../testing/fake-coordinator.js';
import { sampleBeat } from '../../testing/sample-beat.js';
import { DirectLanes } from './direct-lanes.js';

const opened: DirectLanes[] = [];
const fakes: FakeCoordinator[] = [];
afterEach(async () => {
  for (const lanes of opened.splice(0)) lanes.close();
  for (const fake of fakes.splice(0)) await fake.close();
});

async function coordinators(...names: (string | null)[]): Promise<FakeCoordinator[]> {
  const started = await Promise.all(names.map((nodeId) => FakeCoordinator.start(0, nodeId)));
  fakes.push(...started);
  return started;
}
type Pair = [FakeCoordinator, FakeCoordinator];

const urlsOf = (of: readonly FakeCoordinator[]) => of.map(({ url }) => `${url}/`);

function lanesTo(urls: readonly string[], nodeId = 'node-1') {
  const shared = new SharedCounters();
  const [heard, answered, refused, orders] = [[] as number[], [] as number[], [] as number[], [] as string[]];
  const known = new Map<string, number | null>();
  const lanes = new DirectLanes({
    nodeId,
    coordinators: urls,
    wire: { path: LANE_PATH, protocol: LANE_PROTOCOL, lineBytesMax: LANE_LINE_BYTES_MAX },
    incarnation: () => sampleBeat.incarnation,
    shared,
    onKnown: (incarnation, coordinatorId) => void known.set(coordinatorId, incarnation),
    onTried: () => {},
    onHeard: ({ seq }, { outcome }) => void (outcome === 'rejected' ? refused : heard).push(seq),
    onAnswered: ({ seq }) => void answered.push(seq),
    onProbe: () => {},
    onDrain: (isDraining, reason) => void orders.push(`${isDraining} ${reason}`),
  });
  opened.push(lanes);
  lanes.open();
  const isOpenTo = (count: number) => until(`${count} lanes are open`, () => shared.get('lanesOpen') === count);
  return { lanes, shared, heard, answered, refused, orders, known, isOpenTo };
}

const beat = (seq: number): Beat => ({ ...sampleBeat, seq, sentMonoMs: monoMs() });
const seqs = ({ beats }: FakeCoordinator) => beats.map(({ seq }) => seq);

test('A4: each beat is answered; one that is sent before a lane is open waits for it, and only the newest does', async () => {
  const [fake] = (await coordinators(null)) as [FakeCoordinator];
  const { lanes, shared, heard } = lanesTo(urlsOf([fake]));
  lanes.send(beat(1));
  lanes.send(beat(2));
  await until('the second is heard', () => heard.includes(2));
  lanes.send(beat(3));
  await until('the third is heard', () => heard.includes(3));
  expect(seqs(fake)).toEqual([2, 3]);
  expect(shared.get('missed')).toBe(1);
  expect(fake.hellos).toEqual([{ nodeId: 'node-1', incarnation: 1 }]);
});

test('E2: every coordinator has a lane and each beat, is told apart by its name, and a beat is heard once', async () => {
  const three = await coordinators(null, null, null);
  three.forEach((fake, at) => (fake.knownIncarnation = at + 1));
  const { lanes, shared, heard, answered, known, isOpenTo } = lanesTo(urlsOf(three));
  await isOpenTo(3);
  lanes.send(beat(1));
  await until('all have answered', () => answered.includes(1));
  expect(three.map(seqs)).toEqual([[1], [1], [1]]);
  expect(heard).toEqual([1]);
  expect(shared.get('lanesWanted')).toBe(3);
  expect([...known]).toEqual(expect.arrayContaining(three.map(({ coordinatorId }, at) => [coordinatorId, at + 1])));
});

test('E2: coordinators that die one after the other, and come back: whoever is left has every beat, and each lane comes back by itself', async () => {
  const [first, second, third] = (await coordinators(null, null, null)) as [FakeCoordinator, FakeCoordinator, FakeCoordinator];
  const { lanes, heard, isOpenTo } = lanesTo(urlsOf([first, second, third]));
  let seq = 0;
  const beatsAreHeard = async (): Promise<void> => {
    const now = ++seq;
    lanes.send(beat(now));
    await until(`beat ${now} is heard`, () => heard.includes(now));
  };
  await isOpenTo(3);
  await beatsAreHeard();
  await first.close();
  await isOpenTo(2);
  await beatsAreHeard();
  await second.close();
  await isOpenTo(1);
  await beatsAreHeard();
  expect(seqs(third)).toEqual([1, 2, 3]);
  const back = await FakeCoordinator.start(Number(new URL(lanes['chosen'].find((url) => url !== `${third.url}/`) ?? '').port));
  fakes.push(back);
  await isOpenTo(2);
  await third.close();
  await isOpenTo(1);
  await beatsAreHeard();
  expect(seqs(back)).toEqual([4]);
});

test.each(['with-a-page', 'with-another-protocol', 'nothing', 'no-welcome'] as const)('E2: a coordinator that answers %s costs the others nothing', async (answers) => {
  const [first, second] = (await coordinators(null, null)) as Pair;
  first.answers = answers;
  const { lanes, heard, isOpenTo } = lanesTo(urlsOf([first, second]));
  await isOpenTo(1);
  lanes.send(beat(1));
  await until('the other one has the beat', () => heard.includes(1));
  expect([seqs(first), seqs(second)]).toEqual([[], [1]]);
  await until('it was tried, and left after a while', () => lanes.haveAllTried);
  expect(lanes.fault).toContain(first.url);
});

test('the newest beat that only a coordinator had that died is said to the others', async () => {
  const [first, second] = (await coordinators(null, null)) as Pair;
  second.answers = 'with-a-page';
  const { lanes, heard, isOpenTo } = lanesTo(urlsOf([first, second]));
  await isOpenTo(1);
  first.answers = 'no-heard';
  lanes.send(beat(1));
  lanes.send(beat(2));
  await until('both arrived', () => first.beats.length === 2);
  second.answers = 'well';
  await isOpenTo(2);
  await first.close();
  await until('the other one heard', () => heard.includes(2));
  expect(seqs(second)).toEqual([2]);
});

test('a lane that is open and leaves beats without an answer is given up, the others are not', async () => {
  const [first, second] = (await coordinators(null, null)) as Pair;
  const { lanes, shared, heard, answered, isOpenTo } = lanesTo(urlsOf([first, second]));
  await isOpenTo(2);
  first.answers = 'no-heard';
  const sentMs = monoMs();
  lanes.send(beat(1));
  await until('the other one heard', () => heard.includes(1));
  lanes.look(sentMs + 1000, 0);
  expect([shared.get('lanesOpen'), answered]).toEqual([2, []]);
  lanes.look(monoMs() + 1600, 0);
  expect(shared.get('lanesOpen')).toBe(1);
  expect([lanes.fault, answered]).toEqual([`${first.url}: no answer within 1500 ms`, [1]]);
});

test('a lane is not given up for answers that came while we stood still, and is if none came', async () => {
  const [only] = (await coordinators(null)) as [FakeCoordinator];
  const { lanes, shared, isOpenTo } = lanesTo(urlsOf([only]));
  await isOpenTo(1);
  only.answers = 'no-heard';
  const sentMs = monoMs();
  lanes.send(beat(1));
  await until('it arrived', () => only.beats.length === 1);
  lanes.look(sentMs + 5000, 4900);
  expect(shared.get('lanesOpen')).toBe(1);
  lanes.look(sentMs + 5100, 0);
  expect(shared.get('lanesOpen')).toBe(0);
});

test('a beat is refused only when all who had it refuse it', async () => {
  const [first, second] = (await coordinators(null, null)) as Pair;
  const { lanes, heard, refused, answered, isOpenTo } = lanesTo(urlsOf([first, second]));
  await isOpenTo(2);
  first.outcome = 'rejected';
  lanes.send(beat(1));
  await until('both answered', () => answered.includes(1));
  second.outcome = 'rejected';
  lanes.send(beat(2));
  await until('both answered', () => answered.includes(2));
  expect([heard, refused]).toEqual([[1], [2]]);
});

test('coordinators that read nothing cost a bounded number of beats in memory', async () => {
  const both = (await coordinators(null, null)) as Pair;
  const { lanes, shared, isOpenTo } = lanesTo(urlsOf(both));
  await isOpenTo(2);
  for (const fake of both) fake.answers = 'no-heard';
  for (let seq = 1; seq <= 100; seq++) lanes.send(beat(seq));
  expect(shared.get('missed')).toBe(100 - 8 - 1);
});

test('lines that cannot be read are counted and passed over; one without end closes the lane', async () => {
  const [fake] = (await coordinators(null)) as [FakeCoordinator];
  const { lanes, shared, isOpenTo } = lanesTo(urlsOf([fake]));
  await isOpenTo(1);
  for (const socket of fake.lanes) socket.write('no json\n{"v":1,"kind":"later"}\n');
  await until('both are counted', () => shared.get('laneMessagesDropped') === 2);
  expect(lanes.isOpen).toBe(true);
  for (const socket of fake.lanes) socket.write('x'.repeat(LANE_LINE_BYTES_MAX));
  await until('it was closed', () => fake.ends.length === 1);
  expect(lanes.fault).toContain('a line is too long');
  await until('it is opened again', () => shared.get('laneOpens') === 2);
});

test('an order holds until a later one, whichever coordinator gives it: one that lags behind, or knows nothing, takes nothing back', async () => {
  const [first, second] = (await coordinators(null, null)) as Pair;
  const { orders, isOpenTo } = lanesTo(urlsOf([first, second]));
  await isOpenTo(2);
  const order = (fake: FakeCoordinator, isDraining: boolean, index?: number) => fake.say({ v: 1, kind: 'drain', isDraining, reason: String(index), ...(index === undefined ? {} : { index }) });
  order(first, false);
  await until('an order without an index', () => orders.length === 1);
  order(second, true, 7);
  await until('the drain', () => orders.length === 2);
  order(first, false, 6);
  order(first, false);
  order(first, false, 8);
  await until('the end of it', () => orders.length === 3);
  expect(orders).toEqual(['false undefined', 'true 7', 'false 8']);
});

test('a cluster that was made anew is obeyed although it counts from the beginning, once no lane to the old one is left', async () => {
  const [fake] = (await coordinators(null)) as [FakeCoordinator];
  const { shared, orders, isOpenTo } = lanesTo(urlsOf([fake]));
  await isOpenTo(1);
  fake.say({ v: 1, kind: 'drain', isDraining: false, reason: 'old', index: 500 });
  await until('it is heard', () => orders.length === 1);
  fake.breakLanes();
  await until('it is opened again', () => shared.get('laneOpens') === 2);
  fake.say({ v: 1, kind: 'drain', isDraining: true, reason: 'new', index: 3 });
  await until('it is obeyed', () => orders.length === 2);
});

test('coordinators that move are followed: new ones get a lane, one that is not listed any more keeps it while it works', async () => {
  const [first, second, third] = (await coordinators(null, null, null)) as [FakeCoordinator, FakeCoordinator, FakeCoordinator];
  const { lanes, shared, isOpenTo } = lanesTo(urlsOf([first]));
  await isOpenTo(1);
  lanes.keepTo(urlsOf([second, third]));
  await isOpenTo(3);
  await first.close();
  await isOpenTo(2);
  expect([shared.get('lanesWanted'), lanes.fault]).toEqual([2, '']);
});

test('however often addresses change, there are never more than five lanes, and the listed ones have them', async () => {
  const many = await coordinators(null, null, null, null, null, null, null);
  const { lanes, shared, isOpenTo } = lanesTo(urlsOf(many.slice(0, 3)));
  await isOpenTo(3);
  lanes.keepTo(urlsOf(many.slice(3)));
  await isOpenTo(5);
  expect([lanes.count, shared.get('lanesWanted')]).toEqual([5, 5]);
  await until('the listed ones have theirs', () => many.slice(3).every((fake) => fake.lanes.size === 1));
  await until('the others share what is left', () => many.slice(0, 3).filter((fake) => fake.lanes.size === 1).length === 1);
});

test('a coordinator under two addresses has one lane, and gets the other one when that breaks', async () => {
  const [first, second] = (await coordinators('coordinator-1', 'coordinator-1')) as Pair;
  const { shared, isOpenTo } = lanesTo(urlsOf([first, second]));
  await until('both were tried, one is at rest', () => shared.get('laneOpens') === 2 && shared.get('lanesWanted') === 1);
  await isOpenTo(1);
  await until('one lane is closed', () => first.lanes.size + second.lanes.size === 1);
  const [kept, resting] = first.lanes.size === 1 ? [first, second] : [second, first];
  await kept.close();
  await until('the other one is used', () => resting.lanes.size === 1);
  await isOpenTo(1);
});

test('a lane that leads to the node itself is no lane', async () => {
  const [self, other] = (await coordinators('coordinator-1', 'coordinator-2')) as Pair;
  const { shared, known, isOpenTo } = lanesTo(urlsOf([self, other]), 'coordinator-1');
  await until('both were tried', () => shared.get('laneOpens') === 2);
  await isOpenTo(1);
  expect([shared.get('lanesWanted'), [...known.keys()]]).toEqual([1, ['coordinator-2']]);
});

test('lanes without coordinators are lanes that are not there', () => {
  const { lanes, shared } = lanesTo([]);
  for (let seq = 1; seq < 5; seq++) lanes.send(beat(seq));
  lanes.look(monoMs(), 0);
  expect([lanes.isOpen, lanes.fault, shared.get('missed')]).toEqual([false, 'no coordinator is known', 0]);
});
