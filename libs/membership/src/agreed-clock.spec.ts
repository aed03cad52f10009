import fc from 'fast-check';
import { AgreedClock, STEP_BACK_MS } from './agreed-clock.js';

function after(...unixMs: readonly number[]): AgreedClock {
  const clock = new AgreedClock();
  for (const at of unixMs) clock.advance(at);
  return clock;
}

test('clocks of leaders that differ a little make time stand still, never run', () => {
  const clock = after(1_000_000);
  for (let count = 0; count < 100; count++) {
    clock.advance(1_000_000 - STEP_BACK_MS);
    clock.advance(1_000_000);
  }
  expect(clock.nowMs).toBe(1_000_000);
});

test('a clock that was set back does not stop time: it goes on from there', () => {
  const clock = after(10_000_000, 1_000_000);
  expect(clock.nowMs).toBe(10_000_000);
  clock.advance(1_000_500);
  expect(clock.nowMs).toBe(10_000_500);
  expect(clock.at(1_000_700)).toBe(10_000_700);
});

test('an agreed time reads as wall time of the clock that leads now', () => {
  const clock = after(10_000_000, 1_000_000);
  expect(clock.unixMs(clock.nowMs + 30_000)).toBe(1_030_000);
  expect(clock.unixMs(clock.nowMs + 0.2)).toBe(1_000_001);
});

test('to ask for a time takes nothing in', () => {
  const clock = after(5000);
  expect(clock.at(9000)).toBe(9000);
  expect(clock.at(1000)).toBe(5000);
  expect(clock.nowMs).toBe(5000);
});

test('whatever clocks say, agreed time never falls, and a copy from plain data goes on the same way', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 10 * STEP_BACK_MS }), { minLength: 1 }), fc.nat(), (times, cut) => {
      const clock = new AgreedClock();
      let copy = new AgreedClock();
      let before = clock.nowMs;
      times.forEach((at, position) => {
        if (position === cut % times.length) copy = new AgreedClock(JSON.parse(JSON.stringify(clock.snapshot())));
        clock.advance(at);
        copy.advance(at);
        expect(clock.nowMs).toBeGreaterThanOrEqual(before);
        before = clock.nowMs;
      });
      expect(copy.nowMs).toBe(clock.nowMs);
    }),
  );
});
