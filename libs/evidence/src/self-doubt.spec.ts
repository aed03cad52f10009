import { SelfDoubt } from './self-doubt.js';

const options = { pauseMs: 750, blindAfterMs: 2500 };

test('a gap between steps counts only beyond what is normal, and then in full', () => {
  const doubt = new SelfDoubt(options, 0);
  expect(doubt.ran(250)).toBe(0);
  expect(doubt.ran(1000)).toBe(0);
  expect(doubt.awayMs(6000)).toBe(5000);
  expect(doubt.ran(6000)).toBe(5000);
  expect(doubt.ran(6250)).toBe(0);
});

test('before the first proof we are blind, and say so', () => {
  const doubt = new SelfDoubt(options, 0);
  expect(doubt.isBlind(0, 1)).toBe(true);
  expect(doubt.reason(1)).toContain('no beat has reached this coordinator through the bus yet');
  expect(doubt.proven(0, 800)).toBe(800);
  expect(doubt.reason(900)).toBe('');
});

test('a partition is blind by itself, and the end of that says how long it was', () => {
  const doubt = new SelfDoubt(options, 0);
  doubt.proven(0, 1000);
  doubt.proven(1, 1000);
  expect(doubt.proven(0, 3500)).toBe(0);
  expect([doubt.isBlind(0, 3501), doubt.isBlind(1, 3501)]).toEqual([false, true]);
  expect(doubt.reason(4000)).toBe('no beat has reached this coordinator through heartbeat partition 1 for 3.0 s, not even its own: it judges nobody there by silence');
  expect([doubt.reason(4000, 0), doubt.reason(4000, 1), doubt.reason(4000, 2)]).toEqual(['', doubt.reason(4000), '']);
  expect(doubt.proven(1, 7000)).toBe(6000);
});

test('time that was excused as an absence is not excused again as blindness', () => {
  const doubt = new SelfDoubt(options, 0);
  doubt.proven(0, 100);
  doubt.ran(250);
  expect(doubt.ran(10_250)).toBe(10_000);
  expect(doubt.isBlind(0, 10_250)).toBe(true);
  expect(doubt.proven(0, 10_300)).toBe(200);
  expect(doubt.proven(0, 11_000)).toBe(0);
});

test('a partition whose records lay unread for long proves nothing until we have caught up', () => {
  const doubt = new SelfDoubt(options, 0);
  for (let ms = 1000; ms <= 5000; ms += 1000) {
    doubt.canary(0, ms - 5, ms);
    doubt.proven(0, ms);
  }
  // Away for a minute; then the oldest comes first.
  doubt.canary(0, 5995, 66_000);
  expect(doubt.proven(0, 66_000)).toBe(0);
  expect(doubt.isBlind(0, 66_000)).toBe(true);
  doubt.canary(0, 66_090, 66_100);
  expect(doubt.proven(0, 66_100)).toBe(61_100);
  expect(doubt.isBlind(0, 66_100)).toBe(false);
});

test('our own restart begins with another clock, and that is no lag', () => {
  const doubt = new SelfDoubt(options, 0);
  doubt.canary(0, 900_000, 1000);
  doubt.proven(0, 1000);
  doubt.reborn();
  doubt.canary(0, 10, 2000);
  doubt.proven(0, 2000);
  expect(doubt.isBlind(0, 2000)).toBe(false);
});

test('what is proven of one partition says nothing about a node that may use another', () => {
  const doubt = new SelfDoubt({ pauseMs: 750, blindAfterMs: 2500 }, 0);
  expect(doubt.leastProofMs(0)).toBe(-Infinity);
  for (const partition of [0, 1]) doubt.proven(partition, 1000);
  doubt.proven(0, 3000);
  expect(doubt.leastProofMs(3100)).toBe(1000);
  expect(doubt.leastProofMs(3600)).toBe(-Infinity);
});
