import { QUIET_MS, ToldRarely } from './told-rarely.js';

test('of each kind one is told a minute, with how many were not told since', () => {
  const rarely = new ToldRarely<'pause' | 'stall'>();
  expect([0, 1, QUIET_MS - 1, QUIET_MS, 2 * QUIET_MS, 3 * QUIET_MS].map((nowMs) => rarely.happened('pause', nowMs))).toEqual([0, null, null, 2, 0, 0]);
  expect(rarely.happened('stall', 1)).toBe(0);
});
