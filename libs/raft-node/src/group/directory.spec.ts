/** The directory: names, stores and addresses, the same everywhere, and no store that comes back. */
import fc from 'fast-check';
import { applyDirectory, type Directory, type DirectoryCommand, directoryOf, EMPTY_DIRECTORY, hindranceTo, type Newcomer, PEERS_MAX, peerNamed, TOMBSTONES_MAX } from './directory.js';

const at = (nodeId: string, storeId = `store of ${nodeId}`, host = nodeId): Newcomer => ({ nodeId, storeId, httpUrl: `http://${host}:1`, raftUrl: `raft://${host}:2` });
const enter = (peer: Newcomer, replaces: string | null = null): DirectoryCommand => ({ kind: 'enter', peer, replaces });
const after = (directory: Directory, ...commands: DirectoryCommand[]): Directory => commands.reduce((now, command) => applyDirectory(now, command).directory, directory);
const three = directoryOf([at('c'), at('a'), at('b')]);

test('members are sorted by name, and one that enters again has moved', () => {
  expect(three.peers.map(({ nodeId }) => nodeId)).toEqual(['a', 'b', 'c']);
  const moved = after(three, enter(at('b', 'store of b', 'elsewhere')));
  expect(peerNamed(moved, 'b')).toMatchObject({ httpUrl: 'http://elsewhere:1', raftUrl: 'raft://elsewhere:2', leaving: false });
  expect(moved.peers).toHaveLength(3);
});

test('a name stands for one store, and a store for one name', () => {
  expect(applyDirectory(three, enter(at('b', 'new'))).refused).toContain("'b' is known with the store store of b and comes with new");
  expect(applyDirectory(three, enter(at('d', 'store of b'))).refused).toContain("the store store of b belongs to 'b'");
});

test('a store that was buried never comes back, and its name may with another one', () => {
  const gone = after(three, { kind: 'bury', nodeId: 'b', storeId: 'store of b' });
  expect(gone).toMatchObject({ tombstones: ['store of b'] });
  expect(applyDirectory(gone, enter(at('b'))).refused).toContain('was removed from the group');
  expect(applyDirectory(gone, enter(at('z', 'store of b'))).refused).toContain('was removed from the group');
  expect(peerNamed(after(gone, enter(at('b', 'new'))), 'b')).toMatchObject({ storeId: 'new' });
});

test('one that leaves cannot enter until it is buried, and only the store that is meant leaves', () => {
  const leaving = after(three, { kind: 'leave', nodeId: 'b', storeId: 'store of b' });
  expect(applyDirectory(leaving, enter(at('b'))).refused).toContain("'b' is being removed");
  expect(after(three, { kind: 'leave', nodeId: 'b', storeId: 'an older one' }, { kind: 'bury', nodeId: 'b', storeId: 'an older one' })).toEqual(three);
});

test('whom somebody replaces is kept while it moves, and forgotten when that one is gone', () => {
  const replacing = after(three, enter(at('d'), 'b'), enter(at('d', 'store of d', 'elsewhere')));
  expect(peerNamed(replacing, 'd')).toMatchObject({ replaces: 'b' });
  expect(peerNamed(after(replacing, { kind: 'bury', nodeId: 'b', storeId: 'store of b' }), 'd')).toMatchObject({ replaces: null });
});

test('one that comes to replace a member which is gone by then replaces nobody, and puts out nobody who comes under that name later', () => {
  const gone = after(three, { kind: 'bury', nodeId: 'b', storeId: 'store of b' }, enter(at('d'), 'b'));
  expect(peerNamed(gone, 'd')).toMatchObject({ replaces: null });
  expect(peerNamed(after(gone, enter(at('b', 'new')), enter(at('d', 'store of d', 'elsewhere'))), 'd')).toMatchObject({ replaces: null });
});

test('after the majority was lost only one is left, and the stores of the others never come back', () => {
  expect(after(three, { kind: 'sole', nodeId: 'b' })).toMatchObject({ peers: [{ nodeId: 'b' }], tombstones: ['store of a', 'store of c'] });
});

test('members and tombstones are limited; the oldest tombstone goes', () => {
  const full = after(EMPTY_DIRECTORY, ...Array.from({ length: PEERS_MAX }, (_, index) => enter(at(`n${index}`))));
  expect(hindranceTo(full, at('more'))).toContain(`the group has ${PEERS_MAX} members`);
  expect(hindranceTo(full, at('n1'))).toBeNull();
  let directory = EMPTY_DIRECTORY;
  for (let index = 0; index <= TOMBSTONES_MAX; index++) directory = after(directory, enter(at('x', `s${index}`)), { kind: 'bury', nodeId: 'x', storeId: `s${index}` });
  expect(directory.tombstones).toHaveLength(TOMBSTONES_MAX);
  expect(directory.tombstones[0]).toBe('s1');
});

const name = fc.constantFrom('a', 'b', 'c');
const store = fc.constantFrom('1', '2', '3', '4');
const command: fc.Arbitrary<DirectoryCommand> = fc.oneof(
  fc.record({ kind: fc.constant('enter' as const), peer: fc.record({ nodeId: name, storeId: store }).map(({ nodeId, storeId }) => at(nodeId, storeId)), replaces: fc.option(name) }),
  fc.record({ kind: fc.constantFrom('leave' as const, 'bury' as const), nodeId: name, storeId: store }),
);

test('whatever is commanded, names and stores are unique, nobody in it is buried, and what is refused changes nothing', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
      let directory = EMPTY_DIRECTORY;
      for (const each of commands) {
        const next = applyDirectory(directory, each);
        expect(next.refused === null || next.directory === directory).toBe(true);
        directory = next.directory;
        const names = directory.peers.map(({ nodeId }) => nodeId);
        const stores = directory.peers.map(({ storeId }) => storeId);
        expect(names).toEqual([...new Set(names)].toSorted());
        expect(new Set(stores).size).toBe(stores.length);
        expect(directory.tombstones.filter((buried) => stores.includes(buried))).toEqual([]);
      }
    }),
    { numRuns: 2000 },
  );
});
