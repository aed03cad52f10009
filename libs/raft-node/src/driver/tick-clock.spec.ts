/** Ticks follow the clock, but for pauses. */
import { TickClock } from './tick-clock.js';

test('time is ticked without loss or gain, however late the timer is', () => {
  const clock = new TickClock(10, 10, 1000);
  expect([1009, 1010, 1035, 1040, 1049.9, 1050].map((nowMs) => clock.due(nowMs).ticks)).toEqual([0, 1, 2, 1, 0, 1]);
});

test('after a pause a few ticks are given, the stall is told, and the rest is forgotten', () => {
  const clock = new TickClock(10, 10, 0);
  expect(clock.due(5000)).toEqual({ ticks: 10, isStalled: true });
  expect(clock.due(5010)).toEqual({ ticks: 1, isStalled: false });
});

test('as long as all of it can be ticked it is no stall', () => {
  expect(new TickClock(10, 10, 0).due(109)).toEqual({ ticks: 10, isStalled: false });
});
