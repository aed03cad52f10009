import { Lateness } from './lateness.js';

test('a loop that ticks on time was never late', () => {
  const lateness = new Lateness(250, 0);
  for (let atMs = 250; atMs <= 1000; atMs += 250) lateness.tick(atMs);
  expect(lateness.since(0, 1100)).toBe(0);
});

test('the longest standstill since a moment counts, also one that was shorter after it', () => {
  const lateness = new Lateness(250, 0);
  lateness.tick(1250);
  lateness.tick(1900);
  expect(lateness.since(0, 2000)).toBe(1000);
  expect(lateness.since(1250, 2000)).toBe(1000);
  expect(lateness.since(1251, 2000)).toBe(400);
  expect(lateness.since(1901, 2000)).toBe(0);
});

test('a tick that is due and has not come counts already', () => {
  const lateness = new Lateness(250, 0);
  expect(lateness.since(0, 3250)).toBe(3000);
});

test('what is remembered does not grow', () => {
  const lateness = new Lateness(250, 0);
  lateness.tick(5250);
  for (let tick = 1; tick <= 1000; tick++) lateness.tick(5250 + tick * 260);
  expect(lateness.since(0, 5250 + 1000 * 260)).toBe(10);
});
