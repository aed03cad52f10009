/** Snapshots on their way (paper, section 7). */
import { Group } from '../testing/group.js';
import { checksumOf } from './checksum.js';
import type { Message } from './index.js';

const three = (options: { settings?: ConstructorParameters<typeof Group>[0]['settings'] } = {}): Group => new Group({ voters: ['a', 'b', 'c'], ...options });

test('a follower whose entries are gone gets the snapshot in pieces, and the log from there', () => {
  const group = three({ settings: { snapshotChunkBytes: 16 } });
  group.elect('a');
  group.crash('c');
  for (let count = 0; count < 20; count++) group.propose('a', `x${count}`);
  group.run(2);
  group.snapshot('a');
  group.propose('a', 'after');
  group.start('c');
  const offsets: number[] = [];
  group.lets = (message) => {
    if (message.kind === 'snapshot') offsets.push(message.offset);
    return true;
  };
  group.run(3);
  expect(group.applied.get('c')).toEqual(group.applied.get('a'));
  expect(new Set(offsets).size).toBe(offsets.length);
  expect(offsets.length).toBeGreaterThan(5);
});

test('a follower that has all entries of a snapshot keeps those after it', () => {
  const group = three();
  group.elect('a');
  group.propose('a', 'x');
  group.propose('a', 'y');
  group.run(2);
  const { config } = group.raft('a').status();
  const c = group.raft('c');
  c.step({ kind: 'append', from: 'a', to: 'c', term: 1, prevIndex: 3, prevTerm: 1, entries: [{ kind: 'noop', index: 4, term: 1 }, { kind: 'noop', index: 5, term: 1 }], commit: 3 });
  c.step({ kind: 'snapshot', from: 'a', to: 'c', term: 1, index: 4, indexTerm: 1, config, offset: 0, totalBytes: 1, checksum: checksumOf(new Uint8Array(1)), chunk: new Uint8Array(1) });
  expect(c.status()).toMatchObject({ lastIndex: 5, commitIndex: 4 });
});

test('while a snapshot waits to be written its receiver stands for no election', () => {
  const group = three();
  const c = group.raft('c');
  const config = { voters: ['a', 'b', 'c'], outgoing: [], learners: [] };
  c.step({ kind: 'snapshot', from: 'a', to: 'c', term: 1, index: 4, indexTerm: 1, config, offset: 0, totalBytes: 2, checksum: checksumOf(new Uint8Array(2)), chunk: new Uint8Array(2) });
  c.campaign();
  c.step({ kind: 'timeout-now', from: 'a', to: 'c', term: 1 });
  expect(c.status().role).toBe('follower');
  expect(c.ready()).toMatchObject({ snapshot: { index: 4, term: 1 }, committed: [] });
});

test('a snapshot is made of what was applied, and never twice at the same place', () => {
  const group = three();
  group.elect('a');
  group.propose('a', 'x');
  group.run(2);
  const a = group.raft('a');
  a.propose([new Uint8Array(1)]);
  expect(a.compact(3, new Uint8Array(0), 0)).toBeNull();
  expect(a.compact(2, new Uint8Array(0), 0)).toMatchObject({ index: 2, term: 1, config: { voters: ['a', 'b', 'c'] } });
  expect(a.compact(2, new Uint8Array(0), 0)).toBeNull();
});

test('a snapshot that is sent to somebody who is silent does not keep the log from being cut', () => {
  const group = three({ settings: { snapshotChunkBytes: 8 } });
  group.elect('a');
  group.crash('c');
  group.propose('a', 'x');
  group.run(1);
  group.snapshot('a');
  group.start('c');
  group.lets = (message) => message.kind !== 'snapshot';
  group.run(2);
  expect(group.raft('a').status().peers.find(({ id }) => id === 'c')).toMatchObject({ state: 'snapshot' });
  group.crash('c');
  for (let count = 0; count < 12; count++) {
    group.propose('a', `y${count}`);
    group.run(1);
  }
  group.snapshot('a');
  group.lets = () => true;
  group.start('c');
  group.run(20);
  expect(group.applied.get('c')).toEqual(group.applied.get('a'));
});

test('entries before a snapshot that are too large are not kept to feed whoever is behind: he gets the snapshot', () => {
  for (const [keepBytesMax, isFed] of [[10_000, true], [10, false]] as const) {
    const group = three({ settings: { keepBytesMax } });
    group.elect('a');
    group.crash('c');
    for (let count = 0; count < 5; count++) group.propose('a', `x${count}`);
    group.run(2);
    group.snapshot('a', 100);
    group.start('c');
    const kinds = new Set<string>();
    group.lets = (message) => kinds.add(message.kind) !== null;
    group.run(3);
    expect([kinds.has('snapshot'), group.applied.get('c')]).toEqual([!isFed, group.applied.get('a')]);
  }
});

test('a snapshot that is older than what was cut already takes nothing back', () => {
  const group = three();
  group.elect('a');
  group.propose('a', 'x');
  group.propose('a', 'y');
  group.run(2);
  group.snapshot('c');
  const { config } = group.raft('a').status();
  group.hand({ kind: 'snapshot', from: 'a', to: 'c', term: 1, index: 2, indexTerm: 1, config, offset: 0, totalBytes: 1, checksum: checksumOf(new Uint8Array(1)), chunk: new Uint8Array(1) });
  expect(group.raft('c').status()).toMatchObject({ lastIndex: 3, commitIndex: 3, snapshotIndex: 3 });
  expect(group.wire.at(-1)).toMatchObject({ kind: 'snapshot-reply', index: 2, done: true });
});

test('pieces of two leaders are not put together: their bytes may differ', () => {
  const group = three();
  const config = { voters: ['a', 'b', 'c'], outgoing: [], learners: [] };
  const piece = (from: string, term: number, offset: number): Message => ({ kind: 'snapshot', from, to: 'c', term, index: 4, indexTerm: 1, config, offset, totalBytes: 4, checksum: checksumOf(new Uint8Array(4)), chunk: new Uint8Array(2) });
  group.hand(piece('a', 1, 0));
  expect(group.wire.at(-1)).toMatchObject({ nextOffset: 2 });
  group.hand(piece('b', 2, 2));
  expect(group.wire.at(-1)).toMatchObject({ to: 'b', nextOffset: 0, done: false });
});

test('a snapshot that is not what its leader has is not taken, and is asked for again from its beginning', () => {
  const group = three();
  const config = { voters: ['a', 'b', 'c'], outgoing: [], learners: [] };
  const checksum = checksumOf(new TextEncoder().encode('[""]'));
  const piece = (offset: number, text: string): Message => ({ kind: 'snapshot', from: 'a', to: 'c', term: 1, index: 4, indexTerm: 1, config, offset, totalBytes: 4, checksum, chunk: new TextEncoder().encode(text) });
  group.hand(piece(0, '["'));
  group.hand(piece(2, '",'));
  expect(group.wire.at(-1)).toMatchObject({ nextOffset: 0, done: false });
  expect(group.raft('c').status()).toMatchObject({ snapshotIndex: 0, lastIndex: 0 });
  group.hand(piece(0, '["'));
  group.hand(piece(2, '"]'));
  expect(group.wire.at(-1)).toMatchObject({ nextOffset: 4, done: true });
  expect(group.raft('c').status()).toMatchObject({ snapshotIndex: 4 });
});

test('pieces of two snapshots of one place are not put together, though both come from one that restarted', () => {
  const group = three();
  const config = { voters: ['a', 'b', 'c'], outgoing: [], learners: [] };
  const piece = (checksum: number, offset: number): Message => ({ kind: 'snapshot', from: 'a', to: 'c', term: 1, index: 4, indexTerm: 1, config, offset, totalBytes: 6, checksum, chunk: new Uint8Array(2) });
  group.hand(piece(1, 0));
  group.hand(piece(2, 2));
  expect(group.wire.at(-1)).toMatchObject({ nextOffset: 0, done: false });
});

test('the members are those of the snapshot from the moment it is taken', () => {
  const group = three();
  const config = { voters: ['a', 'b', 'd'], outgoing: [], learners: ['c'] };
  group.hand({ kind: 'snapshot', from: 'a', to: 'c', term: 1, index: 4, indexTerm: 1, config, offset: 0, totalBytes: 2, checksum: checksumOf(new TextEncoder().encode('[]')), chunk: new TextEncoder().encode('[]') });
  expect(group.raft('c').status()).toMatchObject({ config, snapshotIndex: 4, appliedIndex: 4 });
});
