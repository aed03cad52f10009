/** The fault matrix: each scenario is a weather, and the goals that it is about. */
import { DETECTION, type Goal, memberIn1s, noWrongDown, noWrongSuspect, oneChange, outIn10s, staysOut } from './goals.js';
import { ANY } from './simulated-network.js';
import type { SimulatedNode } from './simulated-node.js';
import { crashes, every, impair, lossEverywhere, nowAndThen, pauses, SETTLED_MS } from './weather.js';
import { COORDINATOR, type World } from './world.js';

export interface Scenario {
  readonly name: string;
  readonly says: string;
  /** Plans everything that will go wrong. */
  readonly plan: (world: World) => void;
  readonly goals: readonly Goal[];
}

const MINUTE_MS = 60_000;
const BAD = [outIn10s, staysOut, noWrongDown, noWrongSuspect];

export const SCENARIOS: readonly Scenario[] = [
  { name: 'steady', says: 'nothing goes wrong', plan: () => undefined, goals: [noWrongDown, noWrongSuspect] },
  { name: 'crashes', says: 'processes killed and hosts lost, one every 20 s', plan: (world) => crashes(world, 20_000, 'either'), goals: [...DETECTION, noWrongDown, noWrongSuspect] },
  { name: 'loss-5', says: '5 % of all messages lost, duplicates and reordering, crashes', plan: loss5, goals: [...DETECTION, noWrongDown] },
  { name: 'pauses-1s', says: 'every process pauses 1 s twice a minute, the coordinator too; crashes', plan: pauses1s, goals: [...DETECTION, noWrongDown] },
  { name: 'coordinator-paused', says: 'the coordinator is stopped for 10 s every 2 minutes', plan: (world) => every(world, SETTLED_MS, 2 * MINUTE_MS, () => world.pauseCoordinator(10_000)), goals: [noWrongDown, noWrongSuspect] },
  { name: 'bus-stalled', says: 'the bus takes beats and delivers none for 2 minutes, every 5 minutes', plan: (world) => every(world, SETTLED_MS, 5 * MINUTE_MS, () => world.lane.stall(2 * MINUTE_MS)), goals: [noWrongDown, noWrongSuspect] },
  { name: 'bus-gone', says: 'the bus is stopped for 2 minutes, every 5 minutes', plan: (world) => every(world, SETTLED_MS, 5 * MINUTE_MS, () => world.lane.stop(2 * MINUTE_MS)), goals: [noWrongDown, noWrongSuspect] },
  { name: 'clogs', says: 'every way to the bus or the coordinator clogs for 2 s now and then', plan: clogs, goals: [noWrongDown, noWrongSuspect] },
  { name: 'one-way-loss', says: 'a tenth of the nodes can hear and are not heard', plan: (world) => worstTenth(world, (node) => world.network.change(node.nodeId, ANY, { isCut: true })), goals: BAD },
  { name: 'flip-flop', says: 'a tenth of the nodes are cut off for 20 s, and back for 20 s', plan: flipFlop, goals: BAD },
  { name: 'loss-80', says: 'a tenth of the nodes lose 80 % of all messages, both ways', plan: (world) => worstTenth(world, (node) => world.network.changeBoth(node.nodeId, { lossRate: 0.8 })), goals: BAD },
  { name: 'mass-crash', says: 'a third of all hosts is lost at the same moment', plan: massCrash, goals: [...DETECTION, oneChange, noWrongDown] },
  { name: 'zone-dark', says: 'one zone of three is cut off for a minute, every 5 minutes', plan: zoneDark, goals: [noWrongDown] },
  { name: 'restart-same-id', says: 'processes are killed and back in 0.3 to 3 s under the same id', plan: restarts, goals: [memberIn1s, noWrongDown, noWrongSuspect] },
  { name: 'everything', says: 'all of this at once, at random: loss, pauses, clogs, a bus that stalls and stops, crashes, leaves', plan: everything, goals: [noWrongDown] },
];

function loss5(world: World): void {
  lossEverywhere(world, 0.05);
  world.network.change(ANY, ANY, { duplicationRate: 0.02, reorderRate: 0.05, reorderMs: 300 });
  crashes(world, 30_000, 'either');
}

function pauses1s(world: World): void {
  pauses(world, 30_000, 1000);
  nowAndThen(world, world.random.fork('coordinator pauses'), 30_000, () => world.pauseCoordinator(1000));
  crashes(world, 30_000, 'either');
}

function clogs(world: World): void {
  const random = world.random.fork('clogs');
  nowAndThen(world, random, 10_000, () => {
    const [node] = random.sample(world.nodes, 1);
    if (node !== undefined) world.network.change(node.nodeId, ANY, { cloggedUntilMs: world.clock.nowMs() + 2000 });
  });
  nowAndThen(world, random, 60_000, () => world.network.change(ANY, COORDINATOR, { cloggedUntilMs: world.clock.nowMs() + 2000 }));
}

function worstTenth(world: World, act: (node: SimulatedNode) => void): void {
  const random = world.random.fork('worst');
  for (const node of random.sample(world.nodes, Math.max(1, Math.floor(world.nodes.length / 10)))) impair(world, node, SETTLED_MS + random.between(0, 1000), () => act(node));
}

function flipFlop(world: World): void {
  worstTenth(world, ({ nodeId }) => {
    const startMs = world.clock.nowMs();
    every(world, startMs, 40_000, () => world.network.changeBoth(nodeId, { isCut: true }));
    every(world, startMs + 20_000, 40_000, () => world.network.changeBoth(nodeId, { isCut: false }));
  });
}

function massCrash(world: World): void {
  const victims = world.random.fork('victims').sample(world.nodes, Math.max(2, Math.floor(world.nodes.length / 3)));
  for (const node of victims) world.clock.at(MINUTE_MS, 'host-lost', node.nodeId, () => world.end(node, 'host'));
}

function zoneDark(world: World): void {
  const inZone = world.nodes.filter(({ profile }) => profile.zone === 'zone-c');
  every(world, SETTLED_MS, 5 * MINUTE_MS, () => {
    for (const { nodeId } of inZone) world.network.changeBoth(nodeId, { isCut: true });
  });
  every(world, SETTLED_MS + MINUTE_MS, 5 * MINUTE_MS, () => {
    for (const { nodeId } of inZone) world.network.changeBoth(nodeId, { isCut: false });
  });
}

function restarts(world: World): void {
  const random = world.random.fork('restarts');
  nowAndThen(world, random, 15_000, () => {
    const [node] = random.sample(world.nodes.filter(({ isRunning }) => isRunning), 1);
    if (node === undefined) return;
    world.end(node, 'process');
    world.clock.after(random.between(300, 3000), 'restart', node.nodeId, () => world.start(node));
  });
}

function everything(world: World): void {
  const random = world.random.fork('everything');
  lossEverywhere(world, random.between(0, 0.1));
  world.network.change(ANY, ANY, { duplicationRate: 0.02, reorderRate: 0.05, reorderMs: 500 });
  pauses(world, 60_000, random.between(200, 5000));
  crashes(world, 30_000, 'either');
  clogs(world);
  nowAndThen(world, random, 60_000, () => world.pauseCoordinator(random.between(100, 20_000)));
  nowAndThen(world, random, 2 * MINUTE_MS, () => world.lane.stall(random.between(100, 60_000)));
  nowAndThen(world, random, 3 * MINUTE_MS, () => world.lane.stop(random.between(100, 60_000)));
  nowAndThen(world, random, MINUTE_MS, () => {
    const [node] = random.sample(world.nodes.filter(({ isRunning }) => isRunning), 1);
    if (node === undefined) return;
    world.end(node, 'left');
    world.clock.after(random.between(100, 30_000), 'restart', node.nodeId, () => world.start(node));
  });
}
