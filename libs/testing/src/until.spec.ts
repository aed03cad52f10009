import { eventually, until } from './until.js';

test('it resolves with the first thing that is seen, and asks no more', async () => {
  const looks = [false, null, undefined, 'there', 'later'] as const;
  let count = 0;
  await expect(until('something to be there', () => looks[count++])).resolves.toBe('there');
  expect(count).toBe(4);
});

test('what is seen may be empty', async () => {
  await expect(until('a number', () => Promise.resolve(0))).resolves.toBe(0);
  await expect(until('a text', () => '')).resolves.toBe('');
});

test('when it does not come in time it says what did not, and what was seen last', async () => {
  await expect(until('the sky to fall', () => false, 1)).rejects.toThrow('not within 1 ms: the sky to fall');
  await expect(eventually('the sky to fall', () => ({ sky: 'up' }), ({ sky }) => sky === 'down', 1)).rejects.toThrow('not within 1 ms: the sky to fall; last seen {"sky":"up"}');
});

test('what is thrown while looking ends the wait', async () => {
  await expect(until('a look', () => Promise.reject(new Error('no eyes')))).rejects.toThrow('no eyes');
});

test('it resolves with what it saw when that holds', async () => {
  let count = 0;
  await expect(eventually('three', () => (count += 1), (seen) => seen === 3)).resolves.toBe(3);
});
