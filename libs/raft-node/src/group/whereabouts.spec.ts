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

describe('who is behind', () => {
  const leader = (more: Partial<RaftIntroduction> = {}): RaftIntroduction => introduction({ nodeId: 'd', storeId: 'sd', leaderId: 'd', ...more });
  const known = { nodeId: 'b', storeId: 'sb', address: 'b:2' };

  test('talks to a leader that its directory does not know yet, and believes the directory once it knows it', () => {
    const whereabouts = new Whereabouts();
    expect(whereabouts.introduced(directory, 'one', [leader()])).toBe(true);
    expect(whereabouts.introduced(directory, 'one', [leader()])).toBe(false);
    expect(whereabouts.addresses(directory, [])).toEqual([known, { nodeId: 'd', storeId: 'sd', address: 'x:2' }]);
    // It is no news for the directory: that knows it already, elsewhere.
    expect(whereabouts.differing(directory).size).toBe(0);
    const d = { nodeId: 'd', storeId: 'sd', httpUrl: 'http://w:1', raftUrl: 'raft://w:2' };
    expect(whereabouts.addresses(directoryOf([b, d]), [])).toEqual([known, { nodeId: 'd', storeId: 'sd', address: 'w:2' }]);
  });

  test('talks to a leader that has lost its disk since, and to no other store than that', () => {
    const whereabouts = new Whereabouts();
    expect(whereabouts.introduced(directory, 'one', [leader({ nodeId: 'b', storeId: 'new', leaderId: 'b' })])).toBe(true);
    expect(whereabouts.addresses(directory, [])).toEqual([{ nodeId: 'b', storeId: 'new', address: 'x:2' }]);
    const later = directoryOf([{ ...b, storeId: 'newer' }]);
    expect(whereabouts.addresses(later, [])).toEqual([{ nodeId: 'b', storeId: 'newer', address: 'b:2' }]);
  });

  test.each([
    ['one that does not lead', { leaderId: 'b' }],
    ['one that says that nobody leads', { leaderId: null }],
    ['one of another group', { clusterId: 'two' }],
    ['one that belongs to none', { clusterId: null }],
  ])('does not talk to a stranger: %s', (_, more) => {
    const whereabouts = new Whereabouts();
    expect(whereabouts.introduced(directory, 'one', [leader(more)])).toBe(false);
    expect(whereabouts.addresses(directory, [])).toEqual([known]);
  });

  test('does not talk to a store that was removed, whatever it says, nor once it learns that it was', () => {
    const whereabouts = new Whereabouts();
    expect(whereabouts.introduced({ ...directory, tombstones: ['sd'] }, 'one', [leader()])).toBe(false);
    whereabouts.introduced(directory, 'one', [leader()]);
    expect(whereabouts.addresses({ ...directory, tombstones: ['sd'] }, [])).toEqual([known]);
  });
});
