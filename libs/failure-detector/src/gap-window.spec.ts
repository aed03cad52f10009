import fc from 'fast-check';
import { GapWindow } from './gap-window.js';

test('two hundred thousand equal gaps of 1000.1 ms have no deviation at all', () => {
  const gaps = new GapWindow(1000);
  for (let beat = 0; beat < 200_000; beat++) {
    gaps.add(1000.1);
    if (gaps.deviationMs() !== 0) throw new Error(`deviation ${gaps.deviationMs()} after ${beat} gaps`);
  }
  expect(gaps.meanMs()).toBeCloseTo(1000.1, 6);
});

test('mean and deviation are those of the last gaps, counted naively', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 40 }), fc.array(fc.integer({ min: 0, max: 180_000 }), { minLength: 1, maxLength: 120 }), (size, values) => {
      const gaps = new GapWindow(size);
      for (const value of values) gaps.add(value);
      const kept = values.slice(-size);
      const mean = kept.reduce((sum, value) => sum + value, 0) / kept.length;
      const deviation = Math.sqrt(kept.reduce((sum, value) => sum + (value - mean) ** 2, 0) / kept.length);
      expect(gaps.meanMs()).toBeCloseTo(mean, 3);
      expect(Math.abs(gaps.deviationMs() - deviation)).toBeLessThan(1);
    }),
  );
});

test('absurd gaps are cut and never make a number that is not one', () => {
  const gaps = new GapWindow(4);
  for (const gap of [-5, 0, 1e300, Infinity, 12.34]) gaps.add(gap);
  expect(gaps.meanMs()).toBeGreaterThan(0);
  expect(gaps.deviationMs()).toBeGreaterThan(0);
});
