import { LaneBackOff } from './lane-back-off.js';

test('the first try is at once, failures are followed by growing pauses with an end', () => {
  const backOff = new LaneBackOff();
  const delays = Array.from({ length: 9 }, () => {
    const delayMs = backOff.delayMs(0.999);
    backOff.ended(0);
    return Math.round(delayMs / 10) * 10;
  });
  expect(delays).toEqual([0, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
});

test('a lane that was open for long begins anew, one that is slammed each time does not', () => {
  const backOff = new LaneBackOff();
  for (let time = 0; time < 5; time++) backOff.ended(4999);
  expect(backOff.delayMs(0.999)).toBeGreaterThan(1000);
  backOff.ended(5000);
  expect(backOff.delayMs(0.999)).toBeLessThanOrEqual(100);
});

test('agents do not come back in step: each pause is spread over half of itself', () => {
  const backOff = new LaneBackOff();
  for (let time = 0; time < 8; time++) backOff.ended(0);
  expect([backOff.delayMs(0), backOff.delayMs(0.5)]).toEqual([2500, 3750]);
});
