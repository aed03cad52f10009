import fc from 'fast-check';
import { Pacer } from './pacer.js';

/** Ticks at the given gaps and returns what each tick took. */
function run(ratePerSecond: number, gapsMs: readonly number[], lateMsMax = 500): { taken: number[]; pacer: Pacer; elapsedMs: number } {
  const pacer = new Pacer({ ratePerSecond, lateMsMax }, 0);
  let nowMs = 0;
  const taken = gapsMs.map((gapMs) => pacer.take((nowMs += gapMs)));
  return { taken, pacer, elapsedMs: nowMs };
}
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

const cases = [
  { name: 'exactly on time', ratePerSecond: 10, gapsMs: [100, 100, 100], taken: [1, 1, 1] },
  { name: 'too early', ratePerSecond: 10, gapsMs: [50, 49, 1], taken: [0, 0, 1] },
  { name: 'a little late', ratePerSecond: 10, gapsMs: [350], taken: [3] },
  { name: 'many per tick', ratePerSecond: 5000, gapsMs: [10, 10], taken: [50, 50] },
  { name: 'a fraction of a record per second', ratePerSecond: 0.5, gapsMs: [1999, 1, 2000], taken: [0, 1, 1] },
];
test.each(cases)('$name: $taken are due', ({ ratePerSecond, gapsMs, taken }) => {
  expect(run(ratePerSecond, gapsMs).taken).toEqual(taken);
});

test('a pause is not made up for in a burst, and what was given up is counted', () => {
  const { taken, pacer } = run(100, [10, 10, 30_000, 10, 10]);
  expect(taken).toEqual([1, 1, 1, 1, 1]);
  expect(pacer.skipped()).toBe(2999);
});

test('late timers do not make the rate drift', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20_000 }), fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 300 }), (ratePerSecond, gapsMs) => {
      const { taken, elapsedMs, pacer } = run(ratePerSecond, gapsMs);
      expect(pacer.skipped()).toBe(0);
      expect(Math.abs(sum(taken) - (elapsedMs * ratePerSecond) / 1000)).toBeLessThanOrEqual(1);
    }),
  );
});

test('no tick takes more than the allowed lateness is worth, and every record is either taken or given up', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20_000 }), fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 1, maxLength: 100 }), (ratePerSecond, gapsMs) => {
      const { taken, pacer } = run(ratePerSecond, gapsMs);
      for (const each of taken) expect(each).toBeLessThanOrEqual(ratePerSecond / 2 + 2);
      expect(pacer.nextAtMs()).toBeGreaterThan(sum(gapsMs) - 1e-6);
    }),
  );
});
