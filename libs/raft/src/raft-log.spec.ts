/** The log against one that is written down naively: a list of all entries from the first on. */
import fc from 'fast-check';
import { founded, type Entry } from './types.js';
import { RaftLog } from './raft-log.js';

const noop = (index: number, term: number): Entry => ({ kind: 'noop', index, term });
const emptyLog = (): RaftLog => new RaftLog(founded({ voters: ['a'], outgoing: [], learners: [] }));

/** A log as a leader could have it: terms never fall. */
const anyTerms = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 12 }).map((terms) => terms.toSorted((a, b) => a - b));
const entriesOf = (terms: readonly number[]): Entry[] => terms.map((term, position) => noop(position + 1, term));

test('merging keeps what agrees, replaces from the first conflict on, and loses nothing to a shorter append', () => {
  fc.assert(
    fc.property(anyTerms, anyTerms, fc.nat(12), fc.nat(12), fc.nat(12), (ours, theirs, from, count, compacted) => {
      const log = emptyLog();
      log.append(entriesOf(ours));
      let agree = 0;
      while (agree < ours.length && ours[agree] === theirs[agree]) agree += 1;
      // Everything up to the commit index agrees with any leader.
      log.commitTo(agree);
      log.durableTo(ours.length, ours.at(-1) ?? 0);
      const cut = Math.min(compacted, agree);
      log.appliedTo(cut);
      if (cut > 0) log.compact({ index: cut, term: ours[cut - 1] ?? 0, config: { voters: ['a'], outgoing: [], learners: [] }, data: new Uint8Array(0) }, cut + 1);
      const prev = Math.min(from, theirs.length, agree);
      const sent = entriesOf(theirs).slice(prev, prev + count).filter((entry) => entry.index > cut);
      log.merge(sent);
      const conflict = sent.find((entry) => ours[entry.index - 1] !== entry.term);
      const expected = conflict === undefined ? ours : [...ours.slice(0, conflict.index - 1), ...theirs.slice(conflict.index - 1, prev + count)];
      expect(log.slice(log.firstIndex, Infinity).map(({ term }) => term)).toEqual(expected.slice(cut));
      expect(log.lastIndex).toBe(expected.length);
      expect(log.lastTerm).toBe(expected.at(-1) ?? 0);
      // What was replaced is neither durable nor written.
      expect(log.durableIndex).toBe(conflict === undefined ? ours.length : Math.min(ours.length, conflict.index - 1));
      expect([log.termAt(cut), log.termAt(expected.length + 1)]).toEqual([expected[cut - 1] ?? 0, null]);
    }),
    { numRuns: 3000 },
  );
});

test('what is committed is never overwritten', () => {
  const log = emptyLog();
  log.append([noop(1, 1), noop(2, 1)]);
  log.commitTo(2);
  expect(() => log.merge([noop(2, 2)])).toThrow('what is committed is never overwritten');
});

test('the log has no gap, neither when it grows nor when it is restored', () => {
  expect(() => emptyLog().append([noop(2, 1)])).toThrow('without a gap');
  expect(() => new RaftLog({ hard: { term: 1, votedFor: null, commit: 0 }, snapshot: null, entries: [noop(1, 1), noop(3, 1)] })).toThrow('has no gap');
  expect(() => new RaftLog({ hard: { term: 1, votedFor: null, commit: 2 }, snapshot: null, entries: [noop(1, 1)] })).toThrow('what was committed is in the restored log');
});

test('nothing is committed that is not in the log, and nothing applied that is not committed', () => {
  const log = emptyLog();
  log.append([noop(1, 1)]);
  expect(() => log.commitTo(2)).toThrow('nothing is committed that is not in the log');
  expect(() => log.appliedTo(1)).toThrow('only what is committed is applied');
});

test.each([
  { name: 'a later last term wins, however short the log', index: 1, term: 3, is: true },
  { name: 'in the same term the longer one wins', index: 3, term: 2, is: true },
  { name: 'an equal one is enough', index: 2, term: 2, is: true },
  { name: 'a shorter one of the same term is not', index: 1, term: 2, is: false },
  { name: 'a longer one of an earlier term is not', index: 9, term: 1, is: false },
])('of two logs the more complete one: $name (paper 5.4.1)', ({ index, term, is }) => {
  const log = emptyLog();
  log.append([noop(1, 1), noop(2, 2)]);
  expect(log.isUpToDate(index, term)).toBe(is);
});

test('a batch is cut by bytes and has at least one entry', () => {
  const log = emptyLog();
  log.append([1, 2, 3].map((index): Entry => ({ kind: 'command', index, term: 1, data: new Uint8Array(100) })));
  expect([0, 250, 1000].map((bytesMax) => log.slice(1, bytesMax).length)).toEqual([1, 2, 3]);
  expect(log.bytesBetween(2, 3)).toBe(248);
});

test('after a cut the term of the last entry that is gone is still known, and of those before it no more', () => {
  const log = emptyLog();
  log.append(entriesOf([1, 1, 2, 2]));
  log.commitTo(4);
  log.durableTo(4, 2);
  log.appliedTo(4);
  log.compact({ index: 4, term: 2, config: { voters: ['a'], outgoing: [], learners: [] }, data: new Uint8Array(0) }, 3);
  expect([1, 2, 3, 4].map((index) => log.termAt(index))).toEqual([null, 1, 2, 2]);
  expect(log.firstIndex).toBe(3);
});

test('before a snapshot so many entries are kept, and so many bytes, whichever are fewer', () => {
  const entries = Array.from({ length: 9 }, (_, at): Entry => ({ kind: 'command', index: at + 1, term: 1, data: new Uint8Array(at === 4 ? 500 : 76) }));
  const log = new RaftLog({ hard: { term: 1, votedFor: null, commit: 9 }, snapshot: null, entries });
  expect([
    [8, 3, 1000],
    [8, 0, 1000],
    [8, 9, 300],
    [8, 9, 299],
    [8, 9, 899],
    [8, 9, 1000],
    [8, 9, 9000],
  ].map(([index = 0, countMax = 0, bytesMax = 0]) => log.keptFrom(index, countMax, bytesMax))).toEqual([6, 9, 6, 7, 5, 4, 1]);
});
