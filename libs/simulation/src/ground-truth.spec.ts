import { GroundTruth } from './ground-truth.js';

const proofs = (truth: GroundTruth, fromMs: number, toMs: number): void => {
  for (let atMs = fromMs; atMs <= toMs; atMs += 1000) truth.proven(atMs);
};

test('absences that overlap count once', () => {
  const truth = new GroundTruth(2000);
  truth.absent(1000, 4000);
  truth.absent(3000, 6000);
  truth.proven(6000);
  expect(truth.absence(0, 7000)).toEqual({ ms: 5000, count: 1 });
  expect(truth.absence(2000, 5000)).toEqual({ ms: 3000, count: 1 });
});

test('a coordinator whose own beats do not come is absent, from the last one that came', () => {
  const truth = new GroundTruth(2000);
  proofs(truth, 0, 3000);
  expect(truth.absence(0, 5000).ms).toBe(0);
  expect(truth.absence(0, 9000).ms).toBe(6000);
  truth.proven(10_000);
  expect(truth.absence(0, 11_000).ms).toBe(7000);
});

test('a pause is not time without proof as well: what came in it is read at its end', () => {
  const truth = new GroundTruth(2000);
  proofs(truth, 0, 3000);
  truth.absent(3500, 13_500);
  truth.proven(14_500);
  expect(truth.absence(0, 15_000)).toEqual({ ms: 10_000, count: 1 });
});

test('silence counts on after a short absence, and anew after a long one', () => {
  const truth = new GroundTruth(2000);
  truth.absent(2000, 3000);
  expect(truth.silentSince(1000, 5000)).toBe(2000);
  truth.absent(4000, 10_000);
  expect(truth.silentSince(1000, 5000)).toBe(10_000);
});
