/** Which reads wait for the state machine. */
import { ReadsToApply } from './reads-to-apply.js';

function waiting(): ReadsToApply {
  const reads = new ReadsToApply();
  for (const [index, id] of [[7, 1], [5, 2], [7, 3], [9, 4]] as const) reads.add(index, id);
  return reads;
}

test('a read is answered when its index is applied, not before, and once', () => {
  const reads = waiting();
  expect([4, 6, 6, 8, 100].map((applied) => reads.reached(applied))).toEqual([[], [{ index: 5, ids: [2] }], [], [{ index: 7, ids: [1, 3] }], [{ index: 9, ids: [4] }]]);
  expect(reads.size).toBe(0);
});

test('one that nobody waits for is forgotten', () => {
  const reads = waiting();
  reads.forget(7, 1);
  reads.forget(9, 4);
  reads.forget(9, 4);
  expect(reads.size).toBe(2);
  expect(reads.reached(100)).toEqual([{ index: 7, ids: [3] }, { index: 5, ids: [2] }]);
});
