import { Attention } from './attention.js';

const proofs = (attention: Attention, fromMs: number, toMs: number): void => {
  for (let atMs = fromMs; atMs <= toMs; atMs += 1000) attention.proven(atMs);
};

test('absences that overlap count once', () => {
  const attention = new Attention(2000);
  attention.absent(1000, 4000);
  attention.absent(3000, 6000);
  attention.proven(6000);
  expect(attention.absence(0, 7000)).toEqual({ ms: 5000, count: 1 });
  expect(attention.absence(2000, 5000)).toEqual({ ms: 3000, count: 1 });
});

test('a coordinator whose own beats do not come is absent, from the last one that came', () => {
  const attention = new Attention(2000);
  proofs(attention, 0, 3000);
  expect(attention.absence(0, 5000).ms).toBe(0);
  expect(attention.absence(0, 9000).ms).toBe(6000);
  attention.proven(10_000);
  expect(attention.absence(0, 11_000).ms).toBe(7000);
});

test('a pause is not time without proof as well: what came in it is read at its end', () => {
  const attention = new Attention(2000);
  proofs(attention, 0, 3000);
  attention.absent(3500, 13_500);
  attention.proven(14_500);
  expect(attention.absence(0, 15_000)).toEqual({ ms: 10_000, count: 1 });
});

test('silence counts on after a short absence, and anew after a long one', () => {
  const attention = new Attention(2000);
  attention.absent(2000, 3000);
  expect(attention.silentSince(1000, 5000)).toBe(2000);
  attention.absent(4000, 10_000);
  expect(attention.silentSince(1000, 5000)).toBe(10_000);
});
