/** One store becomes a group, whatever the others were; and what must keep it from doing so does. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Entry } from '@muster/raft';
import { until } from '@muster/testing';
import { RaftNode } from '../driver/raft-node.js';
import { applicationEntry, directoryEntry, foundingState, openEntry } from '../group/envelope.js';
import { RaftStore } from '../store/raft-store.js';
import { recoverStore, RecoveryRefused } from './recover-store.js';
import { inspectStore } from './store-report.js';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-recovery-'));
  path = join(folder, 'raft.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const CLUSTER = '11111111-1111-4111-8111-111111111111';
const text = (words: string): Uint8Array => applicationEntry(new TextEncoder().encode(words));
const member = (nodeId: string, storeId = `store of ${nodeId}`): { nodeId: string; storeId: string; httpUrl: string; raftUrl: string } => ({ nodeId, storeId, httpUrl: `http://${nodeId}:8081`, raftUrl: `raft://${nodeId}:7081` });

/** The store of `a` in a group of three: three entries, of which two are known to be committed. */
function left(more: readonly Entry[] = []): string {
  const store = RaftStore.open(path);
  const { storeId } = store.identity;
  store.found(CLUSTER, foundingState([member('a', storeId), member('b'), member('c')]));
  const entries: Entry[] = [{ kind: 'noop', index: 2, term: 2 }, { kind: 'command', index: 3, term: 2, data: text('x') }, { kind: 'command', index: 4, term: 3, data: text('y') }, ...more];
  store.write({ hard: { term: 3, votedFor: 'b', commit: 3 }, snapshot: null, entries });
  store.close();
  return storeId;
}

test('a report says what a store holds, and who belongs as of its last entry', () => {
  const storeId = left([{ kind: 'command', index: 5, term: 3, data: directoryEntry({ kind: 'enter', peer: member('d'), replaces: null }) }]);
  expect(inspectStore(path)).toMatchObject({
    path,
    storeId,
    clusterId: CLUSTER,
    term: 3,
    votedFor: 'b',
    commitIndex: 3,
    firstIndex: 2,
    lastIndex: 5,
    lastTerm: 3,
    entries: 4,
    snapshot: { index: 1, term: 1, bytes: expect.any(Number), checksum: expect.stringMatching(/^[0-9a-f]{8}$/) },
    config: { voters: ['a', 'b', 'c'] },
    peers: [{ nodeId: 'a', storeId }, { nodeId: 'b' }, { nodeId: 'c' }, { nodeId: 'd', httpUrl: 'http://d:8081' }],
    damage: null,
  });
});

test('a dry run tells all of it and changes nothing', () => {
  left();
  const before = inspectStore(path);
  const recovery = recoverStore({ storePath: path, nodeId: 'a', isDryRun: true });
  expect(recovery).toMatchObject({ before, keepsVoter: 'a', dropsMembers: ['b', 'c'], uncertainEntries: 1, backupPath: null });
  expect(recovery.warnings).toEqual([expect.stringContaining('b, c never run again'), expect.stringContaining('beyond entry 4 of term 3'), expect.stringContaining('1 entries at the end')]);
  expect(inspectStore(path)).toEqual(before);
});

test('afterwards it is the only voter of another group, keeps every entry, and the stores of the others are buried', () => {
  left();
  const { before, newClusterId, backupPath } = recoverStore({ storePath: path, nodeId: 'a', isDryRun: false });
  const after = inspectStore(path);
  expect(after).toMatchObject({ clusterId: newClusterId, storeId: before.storeId, term: 4, commitIndex: 6, lastIndex: 6, config: { voters: ['a'], outgoing: [], learners: [] }, peers: [{ nodeId: 'a' }] });
  expect(newClusterId).not.toBe(CLUSTER);
  expect(inspectStore(backupPath ?? '')).toEqual({ ...before, path: backupPath });
});

test('it starts, leads by itself, and has applied what it held, committed or not', async () => {
  left();
  const { newClusterId } = recoverStore({ storePath: path, nodeId: 'a', isDryRun: false });
  const texts: string[] = [];
  const machine = {
    apply(data: Uint8Array): void {
      const opened = openEntry(data);
      texts.push(opened.kind === 'application' ? new TextDecoder().decode(opened.data) : opened.kind === 'directory' ? opened.command.kind : opened.kind);
    },
    snapshot: () => new Uint8Array(0),
    restore: () => {},
  };
  const node = await RaftNode.start({ nodeId: 'a', clusterId: newClusterId, secret: 's', storePath: path, host: '127.0.0.1', port: 0, peers: { peers: [], removedStoreIds: [] }, found: null, onFailed: () => {} }, machine);
  await until('it leads', () => node.role.role === 'leader');
  await node.read();
  expect(texts).toEqual(['x', 'y', 'sole']);
  await node.stop();
});

test('a change of the members that was under way is over', () => {
  left([{ kind: 'config', index: 5, term: 3, config: { voters: ['a', 'b', 'd'], outgoing: ['a', 'b', 'c'], learners: [] } }]);
  expect(recoverStore({ storePath: path, nodeId: 'a', isDryRun: false }).dropsMembers).toEqual(['b', 'c', 'd']);
  expect(inspectStore(path).config).toEqual({ voters: ['a'], outgoing: [], learners: [] });
});

const asB = (): void => void left();
const never = (): void => RaftStore.open(path).close();
const twice = (): void => {
  left();
  recoverStore({ storePath: path, nodeId: 'a', isDryRun: false });
};
const damaged = (): void => {
  left();
  const raw = new DatabaseSync(path);
  raw.exec('UPDATE hard SET term = 9');
  raw.close();
};

test.each([
  { name: 'the store of another member', prepare: asB, nodeId: 'b', says: "belongs to 'a', not to 'b': give --node-id a" },
  { name: 'a store that never was part of a group', prepare: never, nodeId: 'a', says: 'never was part of a group' },
  { name: 'one that needs nobody else', prepare: twice, nodeId: 'a', says: 'is the only voter already' },
  { name: 'a damaged one', prepare: damaged, nodeId: 'a', says: 'is damaged (term and vote)' },
])('refused, with the reason, is $name', ({ prepare, nodeId, says }) => {
  prepare();
  const refused = (): unknown => recoverStore({ storePath: path, nodeId, isDryRun: false });
  expect(refused).toThrow(RecoveryRefused);
  expect(refused).toThrow(says);
});

test('where there is no store none is made, and one in use is left alone', () => {
  expect(() => inspectStore(path)).toThrow('there is none');
  expect(existsSync(path)).toBe(false);
  left();
  const store = RaftStore.open(path);
  expect(() => recoverStore({ storePath: path, nodeId: 'a', isDryRun: false })).toThrow('another process is using it');
  store.close();
});
