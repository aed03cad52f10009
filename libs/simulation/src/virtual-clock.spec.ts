import { SeededRandom } from './seeded-random.js';
import { VirtualClock } from './virtual-clock.js';

test('events happen in the order of their time, and those of the same time in the order in which they were planned', () => {
  const clock = new VirtualClock();
  const random = new SeededRandom(1);
  const happened: { atMs: number; order: number }[] = [];
  for (let order = 0; order < 1000; order++) {
    const atMs = random.nextInt(50);
    clock.at(atMs, 'test', '', () => happened.push({ atMs, order }));
  }
  while (clock.step(100) !== null);
  expect(happened).toHaveLength(1000);
  expect(happened).toEqual(happened.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order));
});

test('a cancelled event never happens, and one in the past happens now', () => {
  const clock = new VirtualClock();
  const happened: number[] = [];
  clock.at(5, 'test', '', () => happened.push(5)).cancel();
  clock.at(10, 'test', '', () => clock.at(3, 'test', '', () => happened.push(clock.nowMs())));
  while (clock.step(100) !== null);
  expect(happened).toEqual([10]);
  expect(clock.nowMs()).toBe(100);
});

test('nothing after the end of a run happens', () => {
  const clock = new VirtualClock();
  clock.at(11, 'test', '', () => undefined);
  expect(clock.step(10)).toBeNull();
  expect(clock.step(11)).toMatchObject({ atMs: 11, kind: 'test' });
});
