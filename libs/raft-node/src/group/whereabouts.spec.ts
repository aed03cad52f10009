/** Where members are that have moved, until the directory says it. */
import type { RaftIntroduction } from '@muster/contracts';
import { applyDirectory, type Directory, directoryOf, EMPTY_DIRECTORY, type Newcomer } from './directory.js';
import { Whereabouts } from './whereabouts.js';

const b: Newcomer = { nodeId: 'b', storeId: 'sb', httpUrl: 'http://b:1', raftUrl: 'raft://b:2' };
const directory = directoryOf([b]);
const introduction = (more: Partial<RaftIntroduction> = {}): RaftIntroduction => ({ ...b, cluster: 'test', clusterId: 'one', httpUrl: 'http://x:1', raftUrl: 'raft://x:2', expect: 3, promise: null, leaderId: null, leaderHttpUrl: null, ...more });
const moved = (to: Directory): Directory => applyDirectory(to, { kind: 'enter', peer: { ...b, httpUrl: 'http://x:1', raftUrl: 'raft://x:2' }, replaces: null }).directory;

test('one that introduces itself from elsewhere is called there, and the directory should say so, until it does', () => {
  const whereabouts = new Whereabouts();
  expect(whereabouts.introduced(directory, 'one', [introduction()])).toBe(true);
  expect(whereabouts.introduced(directory, 'one', [introduction()])).toBe(false);
  expect(whereabouts.addresses(directory, [])).toEqual([{ nodeId: 'b', storeId: 'sb', address: 'x:2' }]);
  expect([...whereabouts.differing(directory)]).toEqual([['b', { httpUrl: 'http://x:1', raftUrl: 'raft://x:2' }]]);
  expect(whereabouts.differing(moved(directory)).size).toBe(0);
  expect(whereabouts.addresses(moved(directory), [])).toEqual([{ nodeId: 'b', storeId: 'sb', address: 'x:2' }]);
});

test('one with another store or of another group is not taken for the member', () => {
  const whereabouts = new Whereabouts();
  expect(whereabouts.introduced(directory, 'one', [introduction({ storeId: 'other' }), introduction({ clusterId: 'two' }), introduction({ clusterId: null }), introduction({ nodeId: 'z' })])).toBe(false);
  expect(whereabouts.addresses(directory, [])).toEqual([{ nodeId: 'b', storeId: 'sb', address: 'b:2' }]);
});

test('where it was seen before it came with another store is of no use', () => {
  const whereabouts = new Whereabouts();
  whereabouts.introduced(directory, 'one', [introduction()]);
  const anew = directoryOf([{ ...b, storeId: 'new' }]);
  expect(whereabouts.addresses(anew, [])).toEqual([{ nodeId: 'b', storeId: 'new', address: 'b:2' }]);
  expect(whereabouts.differing(anew).size).toBe(0);
});

test('what the directory says later is believed, though the member was seen elsewhere before: two leaders do not correct each other for ever', () => {
  const whereabouts = new Whereabouts();
  whereabouts.introduced(directory, 'one', [introduction()]);
  const later = applyDirectory(directory, { kind: 'enter', peer: { ...b, httpUrl: 'http://z:1', raftUrl: 'raft://z:2' }, replaces: null }).directory;
  expect(whereabouts.addresses(later, [])).toEqual([{ nodeId: 'b', storeId: 'sb', address: 'z:2' }]);
  expect(whereabouts.differing(later).size).toBe(0);
  expect(whereabouts.introduced(later, 'one', [introduction()])).toBe(true);
});

test('one that connects says where it listens for Raft, and keeps its HTTP address', () => {
  const whereabouts = new Whereabouts();
  whereabouts.connected(directory, 'b', 'y:2');
  whereabouts.connected(directory, 'z', 'z:2');
  expect([...whereabouts.differing(directory)]).toEqual([['b', { httpUrl: 'http://b:1', raftUrl: 'raft://y:2' }]]);
  whereabouts.connected(directory, 'b', 'b:2');
  expect(whereabouts.differing(directory).size).toBe(0);
});

test('before the log has come, members are called where they were when we joined', () => {
  expect(new Whereabouts().addresses(EMPTY_DIRECTORY, [b])).toEqual([{ nodeId: 'b', storeId: 'sb', address: 'b:2' }]);
});
