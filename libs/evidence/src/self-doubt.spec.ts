import { SelfDoubt } from './self-doubt.js';

const options = { tickMs: 250, latenessMs: 250, blindAfterMs: 2250 };

test('lateness counts only beyond what is normal, and then in full', () => {
  const doubt = new SelfDoubt(options, 0);
  expect(doubt.tick(250)).toBe(0);
  expect(doubt.tick(750)).toBe(0);
  expect(doubt.tick(5750)).toBe(4750);
  expect(doubt.tick(6000)).toBe(0);
});

test('before the first proof we are blind, and say so', () => {
  const doubt = new SelfDoubt(options, 0);
  expect(doubt.isBlind(1)).toBe(true);
  expect(doubt.reason(1)).toContain('no beat has reached this coordinator yet');
  expect(doubt.proven('bus', 800)).toBe(800);
  expect(doubt.reason(900)).toBe('');
});

test('blindness begins when proof is missing, and its end says how long it was', () => {
  const doubt = new SelfDoubt(options, 0);
  doubt.proven('bus', 1000);
  expect(doubt.proven('bus', 2000)).toBe(0);
  expect(doubt.isBlind(4250)).toBe(false);
  expect(doubt.isBlind(4251)).toBe(true);
  expect(doubt.reason(5000)).toBe('no beat has reached this coordinator for 3.0 s (last by bus), not even its own: it judges nobody');
  expect(doubt.proven('http', 7000)).toBe(5000);
});

test('time that was excused as lateness is not excused again as blindness', () => {
  const doubt = new SelfDoubt(options, 0);
  doubt.proven('bus', 100);
  doubt.tick(250);
  expect(doubt.tick(10_250)).toBe(9750);
  expect(doubt.isBlind(10_250)).toBe(true);
  expect(doubt.proven('bus', 10_300)).toBe(450);
  expect(doubt.proven('bus', 11_000)).toBe(0);
  expect(doubt.proven('bus', 21_000)).toBe(10_000);
});
