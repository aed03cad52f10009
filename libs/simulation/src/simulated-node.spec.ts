import { GroundTruth } from './ground-truth.js';
import { SeededRandom } from './seeded-random.js';
import { SimulatedBus } from './simulated-bus.js';
import type { LaneConnection, LaneServer, ProbeReport } from './simulated-lane.js';
import { SimulatedNetwork } from './simulated-network.js';
import { SimulatedNode } from './simulated-node.js';
import { VirtualClock } from './virtual-clock.js';

function harness() {
  const clock = new VirtualClock();
  const network = new SimulatedNetwork(clock, new SeededRandom(3));
  const truth = new GroundTruth({ proofMsMax: 2000, partitions: 1 });
  const said: { what: string; atMs: number; seq?: number; mainLagMs?: number }[] = [];
  const reports: ProbeReport[] = [];
  let connection: LaneConnection | null = null;
  const at = () => clock.nowMs();
  const server: LaneServer = {
    isListening: true,
    opened: (it) => {
      connection = it;
      said.push({ what: 'opened', atMs: at() });
    },
    closed: () => said.push({ what: 'closed', atMs: at() }),
    beat: (it, { seq, mainLagMs }) => {
      it.acknowledge();
      said.push({ what: 'direct', atMs: at(), seq, mainLagMs });
    },
    probed: (_, report) => reports.push(report),
  };
  const bus = new SimulatedBus({ clock, network, reader: 'c', deliver: (_, beats) => beats.forEach(({ seq }) => said.push({ what: 'bus', atMs: at(), seq })) });
  const node = (nodeId: string): SimulatedNode =>
    new SimulatedNode({ nodeId, number: 0, zone: 'z', intervalMs: 1000, clock, network, random: new SeededRandom(1), bus, coordinatorId: 'c', server, findTarget: () => other, onStarted: (incarnation, atMs) => truth.started(nodeId, incarnation, atMs), clockRate: 1 });
  const it = node('a');
  const other = node('b');
  const seqs = (what: string) => said.filter((entry) => entry.what === what).map(({ seq }) => seq);
  return { clock, network, bus, node: it, other, said, reports, seqs, order: (incarnation: number) => connection?.order({ id: 9, nodeId: 'b', incarnation, timeLimitMs: 500 }) };
}

test('beats go by the bus once an interval, and by the lane while the bus is away', () => {
  const { clock, node, bus, seqs } = harness();
  node.start();
  clock.runUntil(2500);
  expect([seqs('bus'), seqs('direct')]).toEqual([[1, 2, 3], []]);
  bus.stop(2000);
  clock.runUntil(4400);
  expect([seqs('bus'), seqs('direct')]).toEqual([[1, 2, 3], [4, 5]]);
});

test('a main loop that stands still is told of by its worker, within a second', () => {
  const { clock, node, said } = harness();
  node.start();
  clock.runUntil(2100);
  node.freeze(10_000);
  clock.runUntil(3000);
  const [first] = said.filter(({ what }) => what === 'direct');
  expect(first?.mainLagMs).toBe(700);
  expect(first?.atMs).toBeLessThan(2100 + 1000);
});

test('a process that is paused says nothing, and goes on where it was', () => {
  const { clock, node, seqs } = harness();
  node.start();
  clock.runUntil(1500);
  node.pause(5000);
  clock.runUntil(6400);
  expect(seqs('bus')).toEqual([1, 2]);
  clock.runUntil(7600);
  expect(seqs('bus')).toEqual([1, 2, 3, 4]);
});

test.each([
  ['process', true],
  ['host', false],
] as const)('when the %s ends, that the kernel closes the lane is %p', (how, isClosed) => {
  const { clock, node, said } = harness();
  node.start();
  clock.runUntil(1500);
  node.crash(how);
  clock.runUntil(1600);
  expect(said.some(({ what }) => what === 'closed')).toBe(isClosed);
});

test('a lane on a way that is cut is given up and opened again when the way is whole', () => {
  const { clock, node, network, said } = harness();
  node.start();
  clock.runUntil(1500);
  network.changeBoth('a', { isCut: true });
  clock.runUntil(20_000);
  expect(said.filter(({ what }) => what === 'opened')).toHaveLength(1);
  network.changeBoth('a', null);
  clock.runUntil(40_000);
  expect(said.filter(({ what }) => what === 'opened')).toHaveLength(2);
});

test('a member looks at another one for the coordinator', () => {
  const { clock, node, other, reports, order } = harness();
  node.start();
  other.start();
  clock.runUntil(1500);
  order(other.incarnation);
  clock.runUntil(2100);
  other.crash('process');
  // The lane of the one that was started last is the one that is asked.
  clock.runUntil(2200);
  expect(reports).toEqual([{ id: 9, result: 'answered', mainLagMs: 0, lateMs: 0 }]);
});
