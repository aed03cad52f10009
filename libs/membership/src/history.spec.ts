import fc from 'fast-check';
import type { Change } from './change.js';
import { History } from './history.js';

const removed = (index: number, ordinal = 0): Change => ({ kind: 'removed', index, ordinal, term: 1, atUnixMs: index, nodeId: `n${index}` });
const entry = (index: number, size: number): Change[] => Array.from({ length: size }, (_, ordinal) => removed(index, ordinal));
const keepAll = { historyMax: 1e6, outboxMax: 1e6 };

function history(sizes: readonly number[], limits = keepAll): History {
  const made = new History();
  sizes.forEach((size, position) => {
    made.push(entry(position + 1, size));
    made.trim(limits);
  });
  return made;
}
const names = (changes: readonly Change[]): string[] => changes.map(({ index, ordinal }) => `${index}.${ordinal}`);

test.each([
  { limit: 1, expected: ['1.0'] },
  { limit: 2, expected: ['1.0'] },
  { limit: 3, expected: ['1.0'] },
  { limit: 4, expected: ['1.0', '2.0', '2.1', '2.2'] },
  { limit: 5, expected: ['1.0', '2.0', '2.1', '2.2', '4.0'] },
  { limit: 99, expected: ['1.0', '2.0', '2.1', '2.2', '4.0'] },
])('a page of $limit ends where an entry ends', ({ limit, expected }) => {
  expect(names(history([1, 3, 0, 1]).after(0, limit))).toEqual(expected);
});

test('an entry with more changes than a page comes whole', () => {
  expect(names(history([1, 3, 1]).after(1, 2))).toEqual(['2.0', '2.1', '2.2']);
});

test('behind the last change there is nothing', () => {
  expect(history([1, 3]).after(2, 5)).toEqual([]);
  expect(new History().after(0, 5)).toEqual([]);
});

const sizes = fc.array(fc.nat(5), { maxLength: 60 });

test('whatever the size of pages, reading on by the last index gives every change once, in order', () => {
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 9 }), (these, limit) => {
      const all = history(these);
      const read: Change[] = [];
      for (let page = all.after(0, limit); page.length > 0; page = all.after(page.at(-1)!.index, limit)) read.push(...page);
      expect(names(read)).toEqual(these.flatMap((size, position) => names(entry(position + 1, size))));
    }),
  );
});

test('whatever is published and trimmed, entries are kept or lost whole, and nothing is lost that was not published and fits', () => {
  fc.assert(
    fc.property(sizes, fc.array(fc.nat(60)), fc.record({ historyMax: fc.integer({ min: 1, max: 20 }), outboxMax: fc.integer({ min: 5, max: 40 }) }), (these, published, limits) => {
      const kept = new History();
      let lost = 0;
      these.forEach((size, position) => {
        const index = position + 1;
        const before = names(kept.after(0, 1e6));
        const unpublished = kept.outboxLength + size;
        kept.push(entry(index, size));
        kept.trim(limits);
        const after = names(kept.after(0, 1e6));
        const gone = before.filter((name) => !after.includes(name));
        // What is left begins with an entry, and what goes is the oldest.
        expect(after[0] ?? '.0').toMatch(/\.0$/);
        expect([...gone, ...after]).toEqual([...before, ...names(entry(index, size))]);
        expect(kept.outboxLength).toBeLessThanOrEqual(Math.max(limits.outboxMax, limits.historyMax * 1.25));
        const dropped = kept.outboxDropped - lost;
        expect(kept.outboxLength).toBe(unpublished - dropped);
        // Not more than it takes: one more entry would have fit no longer.
        expect(dropped === 0 || unpublished - dropped > limits.outboxMax - 5).toBe(true);
        expect(kept.forgottenIndex).toBeLessThan(Number.parseInt(after[0] ?? '9999', 10));
        lost = kept.outboxDropped;
        kept.publish(published[position] ?? 0, index);
      });
    }),
  );
});

test('what is trimmed of the past is only what is over the limit', () => {
  const kept = history([1, 1, 1, 1, 1, 1]);
  kept.publish(6, 6);
  kept.trim({ historyMax: 4, outboxMax: 4 });
  expect(names(kept.after(0, 9))).toEqual(['3.0', '4.0', '5.0', '6.0']);
  expect([kept.forgottenIndex, kept.outboxDropped]).toEqual([2, 0]);
});

test('an entry that is half over the limit is kept while it is published, and goes when the outbox overflows', () => {
  const past = history([2, 3, 3]);
  past.publish(3, 3);
  past.trim({ historyMax: 4, outboxMax: 4 });
  expect(names(past.after(0, 9))).toEqual(names([...entry(2, 3), ...entry(3, 3)]));
  const waiting = history([2, 3, 3]);
  waiting.trim({ historyMax: 4, outboxMax: 4 });
  expect(names(waiting.after(0, 9))).toEqual(names(entry(3, 3)));
  expect([waiting.forgottenIndex, waiting.outboxDropped]).toEqual([2, 5]);
});
