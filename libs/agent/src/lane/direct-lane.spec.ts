import { type Beat, LANE_LINE_BYTES_MAX, LANE_PATH, LANE_PROTOCOL } from '@muster/contracts';
import { monoMs } from '../engine/mono-clock.js';
import { SharedCounters } from '../engine/shared-counters.js';
import { FakeCoordinator } from '../../testing/fake-coordinator.js';
import { sampleBeat } from '../../testing/sample-beat.js';
import { until } from '../../testing/until.js';
import { DirectLane } from './direct-lane.js';
import { rendezvousOrder } from './lane-choice.js';

const lanes: DirectLane[] = [];
const fakes: FakeCoordinator[] = [];
afterEach(async () => {
  for (const lane of lanes.splice(0)) lane.close();
  for (const fake of fakes.splice(0)) await fake.close();
});

/** In the order in which `node-1` prefers them. */
async function coordinators(count: number): Promise<FakeCoordinator[]> {
  const started = await Promise.all(Array.from({ length: count }, () => FakeCoordinator.start()));
  fakes.push(...started);
  const urls = started.map(({ url }) => `${url}/`);
  return rendezvousOrder('node-1', urls).map((index) => started[index] as FakeCoordinator);
}

function laneTo(of: readonly FakeCoordinator[]) {
  const shared = new SharedCounters();
  const heard: number[] = [];
  const lane = new DirectLane({
    nodeId: 'node-1',
    coordinators: of.map(({ url }) => `${url}/`),
    wire: { path: LANE_PATH, protocol: LANE_PROTOCOL, lineBytesMax: LANE_LINE_BYTES_MAX },
    incarnation: () => sampleBeat.incarnation,
    shared,
    onWelcome: () => {},
    onHeard: (beat) => void heard.push(beat.seq),
    onProbe: () => {},
    onDrain: () => {},
  });
  lanes.push(lane);
  lane.open();
  return { lane, shared, heard };
}

const beat = (seq: number): Beat => ({ ...sampleBeat, seq, sentMonoMs: monoMs() });
const seqs = ({ beats }: FakeCoordinator) => beats.map(({ seq }) => seq);

test('A4: each beat is answered; one that is sent before the lane is open waits for it, and only the newest does', async () => {
  const [fake] = (await coordinators(1)) as [FakeCoordinator];
  const { lane, shared, heard } = laneTo([fake]);
  lane.send(beat(1));
  lane.send(beat(2));
  await until('the second is heard', () => heard.includes(2));
  lane.send(beat(3));
  await until('the third is heard', () => heard.includes(3));
  expect(seqs(fake)).toEqual([2, 3]);
  expect(shared.get('missed')).toBe(1);
  expect(fake.hellos).toEqual([{ nodeId: 'node-1', incarnation: 1 }]);
});

test.each(['with-a-page', 'with-another-protocol'] as const)('E2: a coordinator that answers %s is passed over', async (answers) => {
  const [first, second] = (await coordinators(2)) as [FakeCoordinator, FakeCoordinator];
  first.answers = answers;
  const { lane, heard } = laneTo([first, second]);
  lane.send(beat(1));
  await until('the other one has the beat', () => heard.includes(1));
  expect(seqs(second)).toEqual([1]);
});

test.each(['nothing', 'no-welcome'] as const)('E2: a coordinator that takes connections and says %s is left after a while', async (answers) => {
  const [first, second] = (await coordinators(2)) as [FakeCoordinator, FakeCoordinator];
  first.answers = answers;
  const { lane } = laneTo([first, second]);
  await until('the lane is open', () => lane.isOpen);
  expect(second.hellos).toHaveLength(1);
});

test('a coordinator that dies: the next one gets the newest beat that was not answered', async () => {
  const [first, second] = (await coordinators(2)) as [FakeCoordinator, FakeCoordinator];
  const { lane, heard } = laneTo([first, second]);
  await until('the lane is open', () => lane.isOpen);
  first.answers = 'no-heard';
  lane.send(beat(1));
  lane.send(beat(2));
  await until('both arrived', () => first.beats.length === 2);
  await first.close();
  await until('the other one heard', () => heard.includes(2));
  expect(seqs(second)).toEqual([2]);
});

test('a lane that is open and leaves beats without an answer is given up', async () => {
  const [first, second] = (await coordinators(2)) as [FakeCoordinator, FakeCoordinator];
  const { lane, heard } = laneTo([first, second]);
  await until('the lane is open', () => lane.isOpen);
  first.answers = 'no-heard';
  lane.send(beat(1));
  lane.look(monoMs() + 1000);
  expect(lane.isOpen).toBe(true);
  lane.look(monoMs() + 1600);
  expect(lane.fault).toContain('no answer within 1500 ms');
  await until('the other one heard', () => heard.includes(1));
});

test('an agent returns to the coordinator it prefers once that is back, without a gap', async () => {
  const [first, second] = (await coordinators(2)) as [FakeCoordinator, FakeCoordinator];
  first.answers = 'with-a-page';
  const { lane, heard } = laneTo([first, second]);
  await until('the stand-in is open', () => lane.isOpen);
  first.answers = 'well';
  lane.look(monoMs() + 10_000);
  expect(first.hellos).toEqual([]);
  lane.look(monoMs() + 60_000);
  await until('the stand-in is left', () => second.ends.length > 0);
  lane.send(beat(1));
  await until('it is heard', () => heard.includes(1));
  expect(seqs(first)).toEqual([1]);
  expect([first.opens, second.opens]).toEqual([2, 1]);
});

test('an agent whose preferred coordinator is still away stays with the stand-in', async () => {
  const [first, second] = (await coordinators(2)) as [FakeCoordinator, FakeCoordinator];
  first.answers = 'with-a-page';
  const { lane, heard } = laneTo([first, second]);
  await until('the stand-in is open', () => lane.isOpen);
  const before = first.opens;
  lane.look(monoMs() + 60_000);
  await until('it was tried', () => first.opens > before);
  lane.send(beat(1));
  await until('it is heard', () => heard.includes(1));
  expect(seqs(second)).toEqual([1]);
});

test('a coordinator that reads nothing costs a bounded number of beats in memory', async () => {
  const [fake] = (await coordinators(1)) as [FakeCoordinator];
  fake.answers = 'no-heard';
  const { lane, shared } = laneTo([fake]);
  await until('the lane is open', () => lane.isOpen);
  for (let seq = 1; seq <= 100; seq++) lane.send(beat(seq));
  expect(shared.get('missed')).toBe(100 - 8 - 1);
});

test('lines that cannot be read are counted and passed over; one without end closes the lane', async () => {
  const [fake] = (await coordinators(1)) as [FakeCoordinator];
  const { lane, shared } = laneTo([fake]);
  await until('the lane is open', () => lane.isOpen);
  for (const socket of fake.lanes) socket.write('no json\n{"v":1,"kind":"later"}\n');
  await until('both are counted', () => shared.get('laneMessagesDropped') === 2);
  expect(lane.isOpen).toBe(true);
  for (const socket of fake.lanes) socket.write('x'.repeat(LANE_LINE_BYTES_MAX));
  await until('it was closed', () => fake.ends.length === 1);
  expect(lane.fault).toContain('a line is too long');
  await until('it is opened again', () => shared.get('laneOpens') === 2);
});

test('a lane without coordinators is a lane that is not there', () => {
  const { lane, shared } = laneTo([]);
  for (let seq = 1; seq < 5; seq++) lane.send(beat(seq));
  lane.look(monoMs());
  expect([lane.isOpen, lane.fault, shared.get('missed')]).toEqual([false, 'no coordinator is configured', 0]);
});
