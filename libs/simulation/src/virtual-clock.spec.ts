import { SeededRandom } from './seeded-random.js';
import { Happening, VirtualClock } from './virtual-clock.js';

/** The wheel reaches about 8 s: the second span needs the heap as well. */
test.each([50, 50_000])('what is planned within %i ms happens in the order of time, and of planning at the same time', (spanMs) => {
  const clock = new VirtualClock();
  const random = new SeededRandom(1);
  const happened: { atMs: number; order: number }[] = [];
  let order = 0;
  const plan = (): void => {
    const mine = order++;
    const atMs = clock.nowMs() + random.nextInt(spanMs);
    clock.at(atMs, () => {
      expect(clock.nowMs()).toBe(atMs);
      happened.push({ atMs, order: mine });
      if (order < 3000) plan();
    });
  };
  for (let at = 0; at < 1000; at++) plan();
  clock.runUntil(10 * spanMs);
  expect(happened).toHaveLength(3000);
  expect(happened).toEqual(happened.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order));
});

test('what was cancelled never happens, and what is planned in the past happens now', () => {
  const clock = new VirtualClock();
  const happened: number[] = [];
  clock.at(5, () => happened.push(5)).cancel();
  clock.at(10, () => clock.at(3, () => happened.push(clock.nowMs())));
  clock.runUntil(100);
  expect(happened).toEqual([10]);
  expect(clock.nowMs()).toBe(100);
});

test('what is due after the end of a run waits for the next one', () => {
  const clock = new VirtualClock();
  const happened: number[] = [];
  clock.at(10.5, () => happened.push(clock.nowMs()));
  clock.runUntil(10);
  expect(happened).toEqual([]);
  clock.runUntil(11);
  expect(happened).toEqual([11]);
});

test('one happening can be planned again each time it has happened', () => {
  class Beat extends Happening {
    readonly atMs: number[] = [];
    happen(nowMs: number): void {
      this.atMs.push(nowMs);
      clock.plan(nowMs + 9000, this);
    }
  }
  const clock = new VirtualClock();
  const beat = new Beat();
  clock.plan(1, beat);
  clock.runUntil(20_000);
  expect(beat.atMs).toEqual([1, 9001, 18_001]);
});
