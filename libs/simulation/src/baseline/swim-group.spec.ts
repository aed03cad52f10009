/** That the baseline is a fair one: it finds what is gone, and takes nobody for dead in good weather. */
import { World, WORLD_DEFAULTS } from '../world.js';
import { observe } from '../observe.js';
import { SwimGroup } from './swim-group.js';

function group(): { world: World; swim: SwimGroup } {
  const world = new World({ ...WORLD_DEFAULTS, seed: 1, nodes: 16, intervalMs: 1000 }, observe);
  return { world, swim: new SwimGroup(world) };
}

test('nobody is suspected while all is well', () => {
  const { world, swim } = group();
  world.runUntil(120_000);
  expect(swim.finish()).toMatchObject({ wrongDowns: 0, wrongSuspects: 0 });
});

test('a host that is gone is called dead when its suspicion has lasted', () => {
  const { world, swim } = group();
  world.clock.at(30_000, () => world.end(world.nodes[3]!, 'host'));
  world.runUntil(60_000);
  const { hostCrashToDown, wrongDowns } = swim.finish();
  expect({ count: hostCrashToDown.count, wrongDowns }).toEqual({ count: 1, wrongDowns: 0 });
  expect(hostCrashToDown.maxMs).toBeGreaterThan(5000);
  expect(hostCrashToDown.maxMs).toBeLessThan(15_000);
});

test('a process that stood still for longer than the suspicion lasts is called dead, and takes it back', () => {
  const { world, swim } = group();
  world.clock.at(30_000, () => world.nodes[3]!.pause(14_000));
  world.runUntil(90_000);
  expect(swim.finish()).toMatchObject({ wrongDowns: 1, wrongDownMs: { count: 1 } });
});

test('a short pause is suspected at most, and refuted', () => {
  const { world, swim } = group();
  world.clock.at(30_000, () => world.nodes[3]!.pause(3000));
  world.runUntil(90_000);
  expect(swim.finish().wrongDowns).toBe(0);
});
