/** What scenarios are made of: troubles that come again and again until the end of a run. All times are virtual milliseconds. */
import type { SeededRandom } from './seeded-random.js';
import { ANY } from './simulated-network.js';
import type { SimulatedNode } from './simulated-node.js';
import type { World } from './world.js';

/** Everybody is HEALTHY by then, unless something keeps them from it. */
export const SETTLED_MS = 30_000;

/** Does something at random times, on average every `meanMs`, the first time when the cluster has settled. */
export function nowAndThen(world: World, random: SeededRandom, meanMs: number, act: () => void): void {
  const again = (): void => {
    world.clock.after(random.exponential(meanMs), () => {
      act();
      again();
    });
  };
  world.clock.at(SETTLED_MS, again);
}

/** Does something at the same distance of time for ever. */
export function every(world: World, firstMs: number, periodMs: number, act: () => void): void {
  world.clock.at(firstMs, () => {
    act();
    every(world, firstMs + periodMs, periodMs, act);
  });
}

/** One that runs, drawn by chance. */
export function anyNode(world: World, random: SeededRandom): SimulatedNode | null {
  return random.sample(world.nodes.filter(({ isRunning }) => isRunning), 1)[0] ?? null;
}

/** Nodes end without a word, one on average every `meanMs`, and come back as new processes after a minute or two. */
export function crashes(world: World, meanMs: number, how: 'process' | 'host' | 'either'): void {
  const random = world.random.fork('crashes');
  nowAndThen(world, random, meanMs, () => {
    const node = anyNode(world, random);
    if (node === null) return;
    world.end(node, how === 'either' ? (random.chance(0.5) ? 'process' : 'host') : how);
    world.clock.after(random.between(60_000, 120_000), () => world.start(node));
  });
}

/** Every node stands still for so long, each on average every `meanMs`; the coordinator too. */
export function pauses(world: World, meanMs: number, durationMs: number): void {
  const random = world.random.fork('pauses');
  for (const node of world.nodes) nowAndThen(world, random, meanMs, () => node.pause(durationMs));
}

/** Loss on every way between processes; the coordinator's own ways included. */
export function lossEverywhere(world: World, lossRate: number): void {
  world.network.change(ANY, ANY, { lossRate });
}

/** Marks a node as one that has a weather of its own, and gives it that. */
export function impair(world: World, node: SimulatedNode, atMs: number, act: () => void): void {
  world.clock.at(atMs, () => {
    world.quality.impair(node.nodeId, world.clock.nowMs());
    act();
  });
}

/** Cuts nodes off from everybody for a while: many that live fall silent together. */
export function dark(world: World, nodes: readonly SimulatedNode[], { firstMs, periodMs, durationMs }: { readonly firstMs: number; readonly periodMs: number; readonly durationMs: number }): void {
  every(world, firstMs, periodMs, () => {
    world.quality.outageBegins(world.clock.nowMs());
    for (const { nodeId } of nodes) world.network.changeBoth(nodeId, { isCut: true });
  });
  every(world, firstMs + durationMs, periodMs, () => {
    world.quality.outageEnds(world.clock.nowMs());
    for (const { nodeId } of nodes) world.network.changeBoth(nodeId, { isCut: false });
  });
}
