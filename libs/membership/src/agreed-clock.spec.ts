import fc from 'fast-check';
import { AgreedClock, STEP_BACK_MS, TERM_GAP_MS_MAX } from './agreed-clock.js';

function after(...unixMs: readonly number[]): AgreedClock {
  const clock = new AgreedClock();
  for (const at of unixMs) clock.advance(at, 1);
  return clock;
}

test('commands that were made out of order make time stand still, never run', () => {
  const clock = after(1_000_000);
  for (let count = 0; count < 100; count++) {
    clock.advance(1_000_000 - STEP_BACK_MS, 1);
    clock.advance(1_000_000, 1);
  }
  expect(clock.nowMs).toBe(1_000_000);
});

test('a clock that was set back does not stop time: it goes on from there, each time', () => {
  const clock = after(10_000_000, 1_000_000);
  expect(clock.nowMs).toBe(10_000_000);
  clock.advance(1_000_500, 1);
  expect(clock.nowMs).toBe(10_000_500);
  expect(clock.at(1_000_700)).toBe(10_000_700);
  clock.advance(500, 1);
  expect(clock.nowMs).toBe(10_000_500);
});

test('leaders whose clocks are three minutes apart and take turns do not make time run', () => {
  const clock = after(1_000_000);
  for (let term = 2; term <= 21; term++) clock.advance(term % 2 === 0 ? 1_180_000 : 1_000_000, term);
  expect(clock.nowMs).toBe(1_000_000 + 10 * TERM_GAP_MS_MAX);
});

test('a new leader whose clock is a little behind goes on at once', () => {
  const clock = after(1_000_000);
  clock.advance(995_000, 2);
  clock.advance(996_000, 2);
  expect(clock.nowMs).toBe(1_001_000);
});

test('of the time between two terms only a little is believed, and all of it when it is little', () => {
  const clock = after(1_000_000);
  clock.advance(1_004_000, 2);
  expect(clock.nowMs).toBe(1_004_000);
  clock.advance(9_004_000, 3);
  expect(clock.nowMs).toBe(1_004_000 + TERM_GAP_MS_MAX);
  expect(clock.unixMs(clock.nowMs + 1)).toBe(9_004_001);
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
  const step = fc.record({ at: fc.integer({ min: 1, max: 10 * STEP_BACK_MS }), terms: fc.constantFrom(0, 0, 1) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1 }), fc.nat(), (steps, cut) => {
      const clock = new AgreedClock();
      let copy = new AgreedClock();
      let [before, term] = [clock.nowMs, 1];
      steps.forEach(({ at, terms }, position) => {
        if (position === cut % steps.length) copy = new AgreedClock(JSON.parse(JSON.stringify(clock.snapshot())));
        term += terms;
        clock.advance(at, term);
        copy.advance(at, term);
        expect(clock.nowMs).toBeGreaterThanOrEqual(before);
        before = clock.nowMs;
      });
      expect(copy.nowMs).toBe(clock.nowMs);
    }),
  );
});
