import { backOffMs } from './back-off.js';

const config = { ms: 200, msMax: 5000 };

test.each([
  { failedRounds: 0, random: 0, expected: 100 },
  { failedRounds: 0, random: 1, expected: 200 },
  { failedRounds: 1, random: 0, expected: 200 },
  { failedRounds: 3, random: 0.5, expected: 1200 },
  { failedRounds: 100, random: 1, expected: 5000 },
])('after $failedRounds failed rounds and a draw of $random the pause is $expected ms', ({ failedRounds, random, expected }) => {
  expect(backOffMs(config, failedRounds, random)).toBe(expected);
});
