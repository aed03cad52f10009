/** Entries and snapshots: the directory's and the application's, told apart again. */
import fc from 'fast-check';
import { directoryOf, EMPTY_DIRECTORY } from './directory.js';
import { applicationEntry, directoryEntry, foundingState, openEntry, openSnapshot, partEntry, sealSnapshot, soleSurvivor } from './envelope.js';

const peer = { nodeId: 'a', storeId: 's', httpUrl: 'http://a:1', raftUrl: 'raft://a:2' };

test('whatever the application writes comes back as it was, and so does a command of the directory', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (data) => expect(openEntry(applicationEntry(data))).toEqual({ kind: 'application', data })));
  const command = { kind: 'enter', peer, replaces: null } as const;
  expect(openEntry(directoryEntry(command))).toEqual({ kind: 'directory', command });
  expect(openEntry(soleSurvivor('a'))).toEqual({ kind: 'directory', command: { kind: 'sole', nodeId: 'a' } });
});

test('an entry of another build is not guessed at', () => {
  expect(() => openEntry(Uint8Array.of(7, 1))).toThrow('an entry begins with 7, and this build knows 0, 1 and 2: run the same build everywhere');
  expect(() => openEntry(new Uint8Array(0))).toThrow('an entry begins with nothing');
});

test('a snapshot holds both; an application without state is not one with an empty state', () => {
  const directory = { ...directoryOf([peer]), tombstones: ['gone'] };
  fc.assert(
    fc.property(fc.option(fc.uint8Array({ maxLength: 100 })), (application) => {
      const opened = openSnapshot(sealSnapshot({ directory, assembly: null, application }));
      expect(opened.directory).toEqual(directory);
      expect(opened.application === null ? null : [...opened.application]).toEqual(application === null ? null : [...application]);
    }),
  );
});

test('a part comes back as it was, and so does what is there of a command in a snapshot', () => {
  const part = { id: 'x', part: 3, of: 7, bytes: Uint8Array.of(1, 2) };
  expect(openEntry(partEntry(part))).toEqual({ kind: 'part', part });
  const assembly = { id: 'x', term: 4, of: 7, parts: [Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)] };
  for (const application of [null, Uint8Array.of(), Uint8Array.of(9)]) expect(openSnapshot(sealSnapshot({ directory: EMPTY_DIRECTORY, assembly, application }))).toEqual({ directory: EMPTY_DIRECTORY, assembly, application });
});

test('a snapshot that was cut is refused', () => {
  const whole = sealSnapshot({ directory: EMPTY_DIRECTORY, assembly: null, application: null });
  expect(() => openSnapshot(whole.subarray(0, 3))).toThrow('a snapshot of 3 bytes is none of a coordinator');
  expect(() => openSnapshot(whole.subarray(0, 10))).toThrow('ends before its directory does');
});

test('all founders begin alike: with a snapshot that newcomers get too, in a term that nobody leads', () => {
  const { hard, snapshot, entries } = foundingState([{ ...peer, nodeId: 'b' }, peer]);
  expect(hard).toEqual({ term: 1, votedFor: null, commit: 1 });
  expect(snapshot).toMatchObject({ index: 1, term: 1, config: { voters: ['a', 'b'], outgoing: [], learners: [] } });
  expect(entries).toEqual([]);
  expect(openSnapshot(snapshot?.data ?? new Uint8Array(0))).toEqual({ directory: directoryOf([peer, { ...peer, nodeId: 'b' }]), assembly: null, application: null });
});
