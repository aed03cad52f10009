import fc from 'fast-check';
import { GAP_TICKS_MAX, GapWindows } from './gap-windows.js';

function windows(size: number): GapWindows {
  const gaps = new GapWindows(size);
  gaps.reserve(3);
  for (const slot of [0, 1, 2]) gaps.clear(slot);
  return gaps;
}

test('pitfall "negative variance": two hundred thousand equal gaps have no deviation at all, after gaps that were not equal', () => {
  const gaps = windows(1000);
  for (const tick of [1, 65_535, 7, 40_000]) gaps.add(1, tick);
  for (let beat = 0; beat < 200_000; beat++) gaps.add(1, 16_385.638);
  expect(gaps.deviation(1)).toBe(0);
  expect(gaps.mean(1)).toBe(16_386);
});

test('mean and deviation of each slot are those of its last gaps, counted naively', () => {
  const gap = fc.record({ slot: fc.integer({ min: 0, max: 2 }), ticks: fc.integer({ min: 0, max: GAP_TICKS_MAX }) });
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 40 }), fc.array(gap, { minLength: 1, maxLength: 200 }), (size, added) => {
      const gaps = windows(size);
      for (const { slot, ticks } of added) gaps.add(slot, ticks);
      for (const slot of [0, 1, 2]) {
        const kept = added.filter((it) => it.slot === slot).map((it) => it.ticks).slice(-size);
        expect(gaps.count(slot)).toBe(kept.length);
        if (kept.length === 0) continue;
        const mean = kept.reduce((sum, value) => sum + value, 0) / kept.length;
        expect(gaps.mean(slot)).toBeCloseTo(mean, 6);
        expect(gaps.deviation(slot)).toBeCloseTo(Math.sqrt(kept.reduce((sum, value) => sum + (value - mean) ** 2, 0) / kept.length), 3);
      }
    }),
  );
});

test('a slot that is cleared has nothing of what was there before', () => {
  const gaps = windows(4);
  for (const tick of [10, 20, 30, 40, 50]) gaps.add(0, tick);
  gaps.clear(0);
  expect([gaps.count(0), gaps.mean(0), gaps.deviation(0)]).toEqual([0, 0, 0]);
  gaps.add(0, 100);
  expect([gaps.count(0), gaps.mean(0), gaps.deviation(0)]).toEqual([1, 100, 0]);
});

test('absurd gaps are cut', () => {
  const gaps = windows(4);
  for (const tick of [-5, 1e300, Infinity]) gaps.add(0, tick);
  expect(gaps.mean(0)).toBeCloseTo((2 * GAP_TICKS_MAX) / 3);
});

test('slots of different slabs do not share gaps', () => {
  const gaps = new GapWindows(2);
  gaps.reserve(1025);
  for (const slot of [0, 1023, 1024]) gaps.clear(slot);
  for (let count = 0; count < 2; count++) for (const slot of [0, 1023, 1024]) gaps.add(slot, slot + 1);
  gaps.add(1024, 1);
  expect([gaps.mean(0), gaps.mean(1023), gaps.mean(1024)]).toEqual([1, 1024, 513]);
});
