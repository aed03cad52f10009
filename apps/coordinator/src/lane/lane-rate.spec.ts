import { LaneRate } from './lane-rate.js';

test('a thousand messages within a second are taken, one more is not, and the next second begins anew', () => {
  const rate = new LaneRate();
  expect(rate.take(1000, 1, 5000)).toBe(true);
  expect(rate.take(1, 1, 5999)).toBe(false);
  expect(rate.take(1000, 1, 6000)).toBe(true);
});

test('eight mebibytes within a second are taken, one byte more is not', () => {
  const rate = new LaneRate();
  expect(rate.take(0, 8 * 1024 * 1024, 0)).toBe(true);
  expect(rate.take(0, 1, 999)).toBe(false);
  expect(rate.take(0, 1, 1000)).toBe(true);
});
