/** The fault matrix: each scenario is a weather, and the goals that it is about. */
import { BRAKE, DETECTION, frozenIn1s, type Goal, memberIn1s, noWrongDown, noWrongSuspect, oneChange, outIn10s, staysOut, stoppedIn2500, threeChanges } from './goals.js';
import { PARTITIONS } from './simulated-bus.js';
import { ANY } from './simulated-network.js';
import type { SimulatedNode } from './simulated-node.js';
import { anyNode, crashes, dark, every, impair, lossEverywhere, nowAndThen, pauses, SETTLED_MS } from './weather.js';
import { COORDINATOR, type World } from './world.js';

export interface Scenario {
  readonly name: string;
  readonly says: string;
  /** Plans everything that will go wrong. */
  readonly plan: (world: World) => void;
  readonly goals: readonly Goal[];
}

const MINUTE_MS = 60_000;
const BAD = [outIn10s, staysOut, threeChanges, noWrongDown, noWrongSuspect];
const NOBODY = [noWrongDown, noWrongSuspect];
/** How long a way is clogged, and until what was clogged has been read. Milliseconds. */
const CLOG_MS = 2000;
const CLOG_AFTER_MS = 500;
/** How long one who starves for CPU stands still, and runs in between. Milliseconds. */
const STARVED_MS_MAX = 8000;
const RUNS_MS_MAX = 1000;

export const SCENARIOS: readonly Scenario[] = [
  { name: 'steady', says: 'nothing goes wrong', plan: () => undefined, goals: NOBODY },
  { name: 'crashes', says: 'processes killed and hosts lost, one every 20 s', plan: (world) => crashes(world, 20_000, 'either'), goals: [...DETECTION, ...NOBODY] },
  { name: 'loss-5', says: '5 % of all messages lost, duplicates and reordering, crashes', plan: loss5, goals: [...DETECTION, noWrongDown] },
  { name: 'pauses-1s', says: 'every process stands still for 1 s twice a minute, the coordinator too; crashes', plan: pauses1s, goals: [...DETECTION, noWrongDown] },
  { name: 'soak', says: 'pauses of 1 s everywhere, 5 % loss, a quarter of the helpers stalled; a crash every 10 minutes', plan: soak, goals: [noWrongDown] },
  { name: 'sigstop', says: 'processes stopped for 5, 10 and 14 s, one every 20 s', plan: (world) => frozen(world, (node, random) => node.pause(random.sample([5000, 10_000, 14_000], 1)[0] ?? 5000)), goals: [stoppedIn2500, ...NOBODY] },
  { name: 'main-frozen', says: 'main loops stand still for 1 and for 30 s while their workers run', plan: (world) => frozen(world, (node, random) => node.freeze(random.chance(0.5) ? 1000 : 30_000)), goals: [frozenIn1s, ...NOBODY] },
  { name: 'main-hung', says: 'a tenth of the main loops never move again', plan: (world) => worstTenth(world, (node) => node.freeze(Infinity)), goals: [outIn10s, staysOut, ...NOBODY] },
  { name: 'coordinator-paused', says: 'the coordinator is stopped for 10 s every 2 minutes', plan: (world) => every(world, SETTLED_MS, 2 * MINUTE_MS, () => world.pauseCoordinator(10_000)), goals: NOBODY },
  { name: 'coordinator-restarts', says: 'the coordinator is killed every 2 minutes, and back after 3 s', plan: (world) => every(world, SETTLED_MS, 2 * MINUTE_MS, () => world.restartCoordinator(3000)), goals: NOBODY },
  { name: 'bus-stalled', says: 'the bus takes beats and delivers none for 2 minutes, every 5 minutes', plan: (world) => every(world, SETTLED_MS, 5 * MINUTE_MS, () => world.bus.stall(2 * MINUTE_MS)), goals: NOBODY },
  { name: 'partition-stalled', says: 'one partition of the bus delivers nothing for 2 minutes, every 3 minutes', plan: partitionStalled, goals: NOBODY },
  { name: 'rebalance', says: 'the coordinator is given no beats for 3 to 8 s, every minute', plan: rebalance, goals: NOBODY },
  { name: 'bus-gone', says: 'the bus is stopped for 2 minutes, every 5 minutes', plan: (world) => every(world, SETTLED_MS, 5 * MINUTE_MS, () => world.bus.stop(2 * MINUTE_MS)), goals: NOBODY },
  { name: 'bus-gone-crashes', says: 'the same, and crashes', plan: busGoneCrashes, goals: [noWrongDown] },
  { name: 'clogs', says: 'all ways from a node, and all ways to the coordinator, clog for 2 s now and then', plan: clogs, goals: NOBODY },
  { name: 'duplicates', says: 'a fifth of all messages arrives twice, a fifth is overtaken by up to 2 s', plan: (world) => world.network.change(ANY, ANY, { duplicationRate: 0.2, reorderRate: 0.2, reorderMs: 2000 }), goals: [noWrongDown] },
  { name: 'load', says: 'everybody is busy: beats come up to an interval late, 200 ms on average', plan: (world) => everyLife(world, (node) => (node.load = { beatLateMs: 200, probeLateMs: 100 })), goals: NOBODY },
  { name: 'one-way-loss', says: 'a tenth of the nodes can hear and are not heard', plan: (world) => worstTenth(world, (node) => world.network.change(node.nodeId, ANY, { isCut: true })), goals: BAD },
  { name: 'flip-flop', says: 'a tenth of the nodes are cut off for 20 s, and back for 20 s', plan: (world) => flipFlop(world, true), goals: BAD },
  { name: 'flip-flop-one-way', says: 'the same, but they hear all the time', plan: (world) => flipFlop(world, false), goals: BAD },
  { name: 'loss-80', says: 'a tenth of the nodes lose 80 % of all messages, both ways', plan: (world) => worstTenth(world, (node) => world.network.changeBoth(node.nodeId, { lossRate: 0.8 })), goals: BAD },
  { name: 'mass-crash', says: 'a hundredth of all nodes, at least four, is killed within 50 ms', plan: massCrash, goals: [...DETECTION, oneChange, ...NOBODY] },
  { name: 'zone-dark', says: 'one zone of three is cut off for a minute, every 5 minutes', plan: (world) => dark(world, world.nodes.filter(({ profile }) => profile.zone === 'zone-c'), OUTAGE), goals: [...BRAKE, noWrongDown] },
  { name: 'third-dark', says: '35 % of all nodes are cut off for a minute, every 5 minutes', plan: (world) => dark(world, world.random.fork('dark').sample(world.nodes, Math.ceil(world.nodes.length * 0.35)), OUTAGE), goals: [...BRAKE, noWrongDown] },
  { name: 'all-dark', says: 'everybody is cut off for a minute, every 5 minutes', plan: (world) => dark(world, world.nodes, OUTAGE), goals: [noWrongDown] },
  { name: 'restart-same-id', says: 'processes are killed and back in 0.3 to 3 s under the same id', plan: restarts, goals: [memberIn1s, ...NOBODY] },
  { name: 'restart-storm', says: 'everybody is killed within a second, and back in 1 to 5 s', plan: restartStorm, goals: [memberIn1s, ...NOBODY] },
  { name: 'starved', says: 'a quarter of the nodes starves for CPU: stands still for up to 8 s, again and again (the scenario of Lifeguard)', plan: starved, goals: [noWrongDown] },
  { name: 'everything', says: 'all of this at once, at random: loss, pauses, clogs, a bus that stalls and stops, crashes, leaves', plan: everything, goals: [noWrongDown] },
];

const OUTAGE = { firstMs: MINUTE_MS, periodMs: 5 * MINUTE_MS, durationMs: MINUTE_MS };

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

/** The mixture of the issue. Who is stalled changes every minute: his probes for others start late, and so do his beats. */
function soak(world: World): void {
  const random = world.random.fork('soak');
  pauses(world, 30_000, 1000);
  nowAndThen(world, random, 30_000, () => world.pauseCoordinator(1000));
  lossEverywhere(world, 0.05);
  crashes(world, 10 * MINUTE_MS, 'either');
  let stalled: SimulatedNode[] = [];
  every(world, SETTLED_MS, MINUTE_MS, () => {
    for (const node of stalled) node.load = { beatLateMs: 0, probeLateMs: 0 };
    stalled = random.sample(world.nodes, Math.floor(world.nodes.length / 4));
    for (const node of stalled) node.load = { beatLateMs: 200, probeLateMs: 1000 };
  });
}

function frozen(world: World, act: (node: SimulatedNode, random: World['random']) => void): void {
  const random = world.random.fork('frozen');
  nowAndThen(world, random, 20_000, () => {
    const node = random.sample(world.nodes.filter(({ isRunning, main }) => isRunning && main.presence === 'running'), 1)[0];
    if (node !== undefined) act(node, random);
  });
}

function partitionStalled(world: World): void {
  const random = world.random.fork('partitions');
  every(world, SETTLED_MS, 3 * MINUTE_MS, () => world.bus.stall(2 * MINUTE_MS, random.nextInt(PARTITIONS)));
}

function rebalance(world: World): void {
  const random = world.random.fork('rebalance');
  every(world, SETTLED_MS, MINUTE_MS, () => world.bus.stall(random.between(3000, 8000)));
}

function busGoneCrashes(world: World): void {
  every(world, SETTLED_MS, 5 * MINUTE_MS, () => world.bus.stop(2 * MINUTE_MS));
  crashes(world, 30_000, 'either');
}

function clogs(world: World): void {
  const random = world.random.fork('clogs');
  nowAndThen(world, random, 10_000, () => {
    const node = anyNode(world, random);
    if (node === null) return;
    const untilMs = world.clock.nowMs() + CLOG_MS;
    world.network.change(node.nodeId, ANY, { cloggedUntilMs: untilMs });
    world.quality.isolated(node.nodeId, untilMs + CLOG_AFTER_MS);
  });
  nowAndThen(world, random, 60_000, () => world.network.change(ANY, COORDINATOR, { cloggedUntilMs: world.clock.nowMs() + CLOG_MS }));
}

function worstTenth(world: World, act: (node: SimulatedNode) => void): void {
  const random = world.random.fork('worst');
  for (const node of random.sample(world.nodes, Math.max(1, Math.floor(world.nodes.length / 10)))) impair(world, node, SETTLED_MS + random.between(0, 1000), () => act(node));
}

function flipFlop(world: World, isBothWays: boolean): void {
  worstTenth(world, ({ nodeId }) => {
    const startMs = world.clock.nowMs();
    const cut = (isCut: boolean): void => (isBothWays ? world.network.changeBoth(nodeId, { isCut }) : world.network.change(nodeId, ANY, { isCut }));
    every(world, startMs, 40_000, () => cut(true));
    every(world, startMs + 20_000, 40_000, () => cut(false));
  });
}

function everyLife(world: World, act: (node: SimulatedNode) => void): void {
  every(world, SETTLED_MS, MINUTE_MS, () => world.nodes.forEach(act));
}

function massCrash(world: World): void {
  const random = world.random.fork('victims');
  const victims = random.sample(world.nodes, Math.max(Math.min(4, Math.floor(world.nodes.length / 4)), Math.floor(world.nodes.length / 100)));
  for (const node of victims) world.clock.at(MINUTE_MS + random.between(0, 50), () => world.end(node, 'process'));
}

function restarts(world: World): void {
  const random = world.random.fork('restarts');
  nowAndThen(world, random, 15_000, () => {
    const node = anyNode(world, random);
    if (node === null) return;
    world.end(node, 'process');
    world.clock.after(random.between(300, 3000), () => world.start(node));
  });
}

function restartStorm(world: World): void {
  const random = world.random.fork('storm');
  every(world, MINUTE_MS, 5 * MINUTE_MS, () => {
    for (const node of world.nodes) {
      world.clock.after(random.between(0, 1000), () => world.end(node, 'process'));
      world.clock.after(random.between(2000, 6000), () => world.start(node));
    }
  });
}

function starved(world: World): void {
  const random = world.random.fork('starved');
  for (const node of random.sample(world.nodes, Math.floor(world.nodes.length / 4))) {
    const again = (): void => {
      const stillMs = random.between(100, STARVED_MS_MAX);
      node.pause(stillMs);
      world.clock.after(stillMs + random.between(10, RUNS_MS_MAX), again);
    };
    world.quality.distress(node.nodeId);
    world.clock.at(SETTLED_MS + random.between(0, 1000), again);
  }
}

function everything(world: World): void {
  const random = world.random.fork('everything');
  lossEverywhere(world, random.between(0, 0.1));
  world.network.change(ANY, ANY, { duplicationRate: 0.02, reorderRate: 0.05, reorderMs: 500 });
  pauses(world, MINUTE_MS, random.between(200, 5000));
  crashes(world, 30_000, 'either');
  clogs(world);
  nowAndThen(world, random, MINUTE_MS, () => world.pauseCoordinator(random.between(100, 20_000)));
  nowAndThen(world, random, 5 * MINUTE_MS, () => world.restartCoordinator(random.between(500, 20_000)));
  nowAndThen(world, random, 2 * MINUTE_MS, () => world.bus.stall(random.between(100, MINUTE_MS)));
  nowAndThen(world, random, 2 * MINUTE_MS, () => world.bus.stall(random.between(100, MINUTE_MS), random.nextInt(PARTITIONS)));
  nowAndThen(world, random, 3 * MINUTE_MS, () => world.bus.stop(random.between(100, MINUTE_MS)));
  nowAndThen(world, random, MINUTE_MS, () => anyNode(world, random)?.freeze(random.between(100, 50_000)));
  nowAndThen(world, random, MINUTE_MS, () => {
    const node = anyNode(world, random);
    if (node === null) return;
    world.end(node, 'left');
    world.clock.after(random.between(100, 30_000), () => world.start(node));
  });
}
