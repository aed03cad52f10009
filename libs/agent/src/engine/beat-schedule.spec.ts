import fc from 'fast-check';
import { nextBeat } from './beat-schedule.js';

const grid = { firstMs: 1000, intervalMs: 100 };

test.each([
  { name: 'on time', lastMs: 1000, nowMs: 1001, expected: { atMs: 1100, missed: 0 } },
  { name: 'late within the interval: the next one is not late as well', lastMs: 1100, nowMs: 1199.5, expected: { atMs: 1200, missed: 0 } },
  { name: 'exactly at the next grid point: that one is gone', lastMs: 1000, nowMs: 1100, expected: { atMs: 1200, missed: 1 } },
  { name: 'after a pause of 3.5 intervals', lastMs: 1000, nowMs: 1350, expected: { atMs: 1400, missed: 3 } },
  { name: 'a timer that fired a little early does not beat twice', lastMs: 1100, nowMs: 1099.4, expected: { atMs: 1200, missed: 0 } },
])('$name', ({ lastMs, nowMs, expected }) => {
  expect(nextBeat(grid, lastMs, nowMs)).toEqual(expected);
});

test('beats stay on the grid for ever and always lie ahead, however late the timers are', () => {
  fc.assert(
    fc.property(fc.integer({ min: 10, max: 60_000 }), fc.double({ min: 0, max: 1e9, noNaN: true }), fc.array(fc.double({ min: 0, max: 200_000, noNaN: true }), { maxLength: 50 }), (intervalMs, firstMs, lateness) => {
      let lastMs = firstMs;
      let counted = 0;
      for (const lateMs of lateness) {
        const nowMs = lastMs + lateMs;
        const next = nextBeat({ firstMs, intervalMs }, lastMs, nowMs);
        counted += next.missed + 1;
        expect(next.atMs).toBeGreaterThan(nowMs - 1e-6);
        expect(next.atMs - nowMs).toBeLessThanOrEqual(intervalMs + 1e-6);
        expect(next.atMs).toBeCloseTo(firstMs + counted * intervalMs, 3);
        lastMs = next.atMs;
      }
    }),
  );
});
