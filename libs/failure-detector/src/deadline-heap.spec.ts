import fc from 'fast-check';
import { DeadlineHeap } from './deadline-heap.js';

const SLOTS = 20;
const step = fc.record({ slot: fc.nat({ max: SLOTS - 1 }), atMs: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constant(Infinity), fc.constant(null)) });

test('whatever is set, moved and removed, the first is the one that is due first', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = new DeadlineHeap();
      heap.reserve(5);
      heap.reserve(SLOTS);
      const held = new Map<number, number>();
      for (const { slot, atMs } of steps) {
        if (atMs === null) {
          heap.remove(slot);
          held.delete(slot);
        } else {
          heap.set(slot, atMs);
          held.set(slot, atMs);
        }
        const first = heap.first();
        expect(first === -1 ? undefined : held.get(first)).toBe(held.size === 0 ? undefined : Math.min(...held.values()));
        for (const [known, dueMs] of held) expect(heap.dueMs(known)).toBe(dueMs);
      }
      const drained: (number | undefined)[] = [];
      for (let first = heap.first(); first !== -1; first = heap.first()) {
        drained.push(held.get(first));
        heap.remove(first);
      }
      expect(drained).toEqual([...held.values()].toSorted((a, b) => (a < b ? -1 : 1)));
    }),
    { numRuns: 500 },
  );
});

test('the slot that fills the place of a removed one rises when it is due before those above', () => {
  const heap = new DeadlineHeap();
  heap.reserve(7);
  [6, 5, 4, 3, 7, 2, 1].forEach((atMs, slot) => heap.set(slot, atMs));
  heap.remove(0);
  const drained: number[] = [];
  for (let first = heap.first(); first !== -1; first = heap.first()) {
    drained.push(heap.dueMs(first));
    heap.remove(first);
  }
  expect(drained).toEqual([1, 2, 3, 4, 5, 7]);
});
