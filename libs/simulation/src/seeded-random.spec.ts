import { SeededRandom } from './seeded-random.js';

const draws = (random: SeededRandom, count = 1000): number[] => Array.from({ length: count }, () => random.next());

test('the same seed gives the same numbers, another seed gives others', () => {
  expect(draws(new SeededRandom(7))).toEqual(draws(new SeededRandom(7)));
  expect(draws(new SeededRandom(7))).not.toEqual(draws(new SeededRandom(8)));
});

test('a fork depends on seed and name alone, not on what was drawn before', () => {
  const used = new SeededRandom(7);
  draws(used);
  expect(draws(used.fork('network'))).toEqual(draws(new SeededRandom(7).fork('network')));
  expect(draws(used.fork('network'))).not.toEqual(draws(used.fork('nodes')));
});

test('numbers are spread evenly over 0 to 1', () => {
  const values = draws(new SeededRandom(1), 100_000);
  for (let tenth = 0; tenth < 10; tenth++) expect(Math.abs(values.filter((value) => Math.floor(value * 10) === tenth).length - 10_000)).toBeLessThan(500);
});

test('a sample holds nobody twice', () => {
  const sample = new SeededRandom(3).sample([1, 2, 3, 4, 5], 9);
  expect(sample.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
});
