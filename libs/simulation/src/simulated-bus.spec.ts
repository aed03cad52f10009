import { GroundTruth } from './ground-truth.js';
import { SeededRandom } from './seeded-random.js';
import { SimulatedBeat } from './simulated-beat.js';
import { BUS, REFUSED, SimulatedBus } from './simulated-bus.js';
import { LOST, SimulatedNetwork } from './simulated-network.js';
import { VirtualClock } from './virtual-clock.js';

const profile = { service: 'node', zone: 'z', tags: {}, resources: { cores: 1, memoryBytes: 1 }, httpUrl: null, probeUrl: null };
const vitals = { cpuProcess: 0, cpuHost: 0, memory: 0, eventLoopDelayMs: 0, errorRate: 0, checks: [] };

function harness() {
  const clock = new VirtualClock();
  const network = new SimulatedNetwork(clock, new SeededRandom(3));
  const life = new GroundTruth({ proofMsMax: 1000, partitions: 1 }).started('a', 1, 0);
  const read: { partition: number; seq: number; atMs: number }[] = [];
  const bus = new SimulatedBus({ clock, network, reader: 'r', deliver: (partition, beats) => beats.forEach(({ seq }) => read.push({ partition, seq, atMs: clock.nowMs() })) });
  let seq = 0;
  const publish = (partition = 1): number => bus.publish(new SimulatedBeat(life, profile, ++seq, 0, 1000, 'running', 0, vitals, 0), partition, network.link('a', BUS), network.link(BUS, 'a'));
  return { clock, network, bus, read, publish };
}

test('a record is acknowledged, and read within a fetch', () => {
  const { clock, read, publish } = harness();
  expect(publish()).toBeLessThan(100);
  clock.runUntil(100);
  expect(read).toMatchObject([{ partition: 1, seq: 1 }]);
});

test('a partition that stalls delivers in order when it goes on; the others are not held up', () => {
  const { clock, bus, read, publish } = harness();
  bus.stall(5000, 1);
  publish(1);
  publish(2);
  clock.runUntil(2000);
  publish(1);
  clock.runUntil(4999);
  expect(read.map(({ partition }) => partition)).toEqual([2]);
  clock.runUntil(6000);
  expect(read.slice(1)).toEqual([{ partition: 1, seq: 1, atMs: 5000 }, { partition: 1, seq: 3, atMs: 5000 }]);
});

test('a bus that is stopped refuses, and keeps what it has', () => {
  const { clock, bus, read, publish } = harness();
  publish();
  bus.stop(3000);
  expect(publish()).toBe(REFUSED);
  clock.runUntil(2999);
  expect(read).toEqual([]);
  clock.runUntil(3100);
  expect(read.map(({ seq }) => seq)).toEqual([1]);
});

test('what is lost on the way is never acknowledged', () => {
  const { clock, network, read, publish } = harness();
  network.change('a', BUS, { isCut: true });
  expect(publish()).toBe(LOST);
  clock.runUntil(1000);
  expect(read).toEqual([]);
});

test('what the reader cannot be brought is brought later', () => {
  const { clock, network, read, publish } = harness();
  network.change(BUS, 'r', { isCut: true });
  publish();
  clock.runUntil(1000);
  publish();
  network.change(BUS, 'r', null);
  clock.runUntil(2000);
  expect(read.map(({ seq }) => seq)).toEqual([1, 2]);
});
