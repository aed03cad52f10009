import type { Entry } from '@muster/raft';
import { StoreModel } from './store-model.js';

const entry = (index: number, term: number): Entry => ({ index, term, kind: 'noop' });
const config = (index: number, ...voters: string[]): Entry => ({ index, term: 1, kind: 'config', config: { voters, outgoing: [], learners: [] } });
const first = { voters: ['a'], outgoing: [], learners: [] };

test('what is written from an index on makes void what was there, configurations too', () => {
  const store = new StoreModel(first);
  store.write({ hard: null, snapshot: null, entries: [entry(1, 1), config(2, 'a', 'b'), entry(3, 1)] });
  expect(store.config.voters).toEqual(['a', 'b']);
  store.write({ hard: { term: 2, votedFor: null, commit: 0 }, snapshot: null, entries: [entry(2, 2)] });
  expect([store.lastIndex, store.termAt(2), store.config.voters, store.hard.term]).toEqual([2, 2, ['a'], 2]);
});

test('a gap is not written', () => {
  expect(() => new StoreModel(first).write({ hard: null, snapshot: null, entries: [entry(2, 1)] })).toThrow('after 0');
});

test('a snapshot of its own takes the place of what it holds, and no more', () => {
  const store = new StoreModel(first);
  store.write({ hard: null, snapshot: null, entries: [entry(1, 1), config(2, 'a', 'b'), config(3, 'a', 'b', 'c'), entry(4, 1)] });
  store.compact({ index: 2, term: 1, config: { voters: ['a', 'b'], outgoing: [], learners: [] }, data: new Uint8Array() });
  expect([store.snapshotIndex, store.lastIndex, store.termAt(1), store.termAt(2), store.termAt(4)]).toEqual([2, 4, null, 1, 1]);
  expect([store.configBefore(3).voters, store.config.voters, store.configsAfter(2), store.configsAfter(3)]).toEqual([['a', 'b'], ['a', 'b', 'c'], 1, 0]);
});

test("somebody else's snapshot replaces everything", () => {
  const store = new StoreModel(null);
  store.write({ hard: null, snapshot: null, entries: [entry(1, 1), entry(2, 1)] });
  store.write({ hard: null, snapshot: { index: 9, term: 3, config: first, data: new Uint8Array() }, entries: [entry(10, 3)] });
  expect([store.lastIndex, store.termAt(9), store.termAt(2), store.config.voters]).toEqual([10, 3, null, ['a']]);
});
