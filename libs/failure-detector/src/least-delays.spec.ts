import fc from 'fast-check';
import { LeastDelays } from './least-delays.js';

function delays(): LeastDelays {
  const it = new LeastDelays();
  it.reserve(2);
  it.clear(0);
  it.clear(1);
  return it;
}

test('a beat waited as long as it took more than the luckiest of late, whatever the offset of the clocks', () => {
  const extraMs = fc.integer({ min: 0, max: 10_000 });
  fc.assert(
    fc.property(fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }), fc.array(extraMs, { minLength: 1, maxLength: 30 }), (offsetMs, extras) => {
      const it = delays();
      extras.forEach((extra, position) => expect(it.note(0, offsetMs + extra)).toBe(extra - Math.min(...extras.slice(0, position + 1))));
    }),
  );
});

test('a clock that drifts by 200 ppm, either way, is wrong by less than 1.3 % of the interval for ever', () => {
  for (const rate of [-200e-6, 200e-6]) {
    const it = delays();
    let worstMs = 0;
    for (let beat = 0; beat < 20_000; beat++) worstMs = Math.max(worstMs, it.note(0, 5_000_000 + beat * 1000 * rate));
    expect(worstMs).toBeLessThanOrEqual(13);
  }
});

test('a clock that was set back, or stood still while its host slept, is believed again after 64 beats, and no queue is forgotten before 32', () => {
  const it = delays();
  for (let beat = 0; beat < 100; beat++) it.note(0, 10);
  const waits = Array.from({ length: 100 }, () => it.note(0, 60_010));
  expect(waits.slice(0, 32)).toEqual(Array.from({ length: 32 }, () => 60_000));
  expect(waits.slice(64).every((wait) => wait === 0)).toBe(true);
});

test('a clock that was set forward is believed at once', () => {
  const it = delays();
  for (let beat = 0; beat < 10; beat++) it.note(0, 10);
  expect([it.note(0, -60_000), it.note(0, -59_990)]).toEqual([0, 10]);
});

test('what one slot saw is nothing to another, nor to the next node in it', () => {
  const it = delays();
  it.note(0, 10);
  expect(it.note(1, 500)).toBe(0);
  it.clear(0);
  expect(it.note(0, 700)).toBe(0);
});
