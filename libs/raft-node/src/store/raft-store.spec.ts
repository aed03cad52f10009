/** The store keeps what it says it keeps: over restarts, crashes and full disks, and says so when it cannot. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { type Configuration, type Entry, founded, type Snapshot } from '@muster/raft';
import { RaftStore } from './raft-store.js';
import { StoreDamaged, StoreUnusable } from './store-errors.js';

const config: Configuration = { voters: ['a', 'b', 'c'], outgoing: [], learners: ['d'] };
const command = (index: number, term: number, text = `x${index}`): Entry => ({ kind: 'command', index, term, data: new TextEncoder().encode(text) });
const snapshotAt = (index: number, term: number): Snapshot => ({ index, term, config, data: new TextEncoder().encode(`state at ${index}`) });
const WRITER = fileURLToPath(new URL('../../testing/store-writer.mjs', import.meta.url));

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-store-'));
  path = join(folder, 'data', 'raft.db');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function filled(): RaftStore {
  const store = RaftStore.open(path);
  store.write({ hard: { term: 2, votedFor: 'b', commit: 1 }, snapshot: null, entries: [{ kind: 'noop', index: 1, term: 1 }, command(2, 1), { kind: 'config', index: 3, term: 2, config }] });
  return store;
}

function reopened(store: RaftStore): RaftStore {
  store.close();
  return RaftStore.open(path);
}

test('a new store holds nothing, has a name of its own and belongs to no group', () => {
  const store = RaftStore.open(path);
  expect(store.restore()).toEqual({ hard: { term: 0, votedFor: null, commit: 0 }, snapshot: null, entries: [] });
  expect(store.identity).toEqual({ storeId: expect.stringMatching(/^[0-9a-f-]{36}$/), clusterId: null });
  const { storeId } = store.identity;
  const again = reopened(store);
  expect(again.identity.storeId).toBe(storeId);
  again.close();
});

test('what was written is read back, kind by kind', () => {
  const store = reopened(filled());
  expect(store.restore()).toEqual({ hard: { term: 2, votedFor: 'b', commit: 1 }, snapshot: null, entries: [{ kind: 'noop', index: 1, term: 1 }, command(2, 1), { kind: 'config', index: 3, term: 2, config }] });
  store.close();
});

test('entries replace all that was stored from their first index on', () => {
  const store = filled();
  store.write({ hard: { term: 3, votedFor: null, commit: 1 }, snapshot: null, entries: [command(2, 3, 'other')] });
  const again = reopened(store);
  expect(again.restore()).toMatchObject({ hard: { term: 3, votedFor: null }, entries: [{ index: 1 }, command(2, 3, 'other')] });
  again.close();
});

test('a snapshot that was received voids the log, and entries follow it in the same write', () => {
  const store = filled();
  store.write({ hard: { term: 4, votedFor: null, commit: 9 }, snapshot: snapshotAt(9, 3), entries: [command(10, 4)] });
  const again = reopened(store);
  expect(again.restore()).toEqual({ hard: { term: 4, votedFor: null, commit: 9 }, snapshot: snapshotAt(9, 3), entries: [command(10, 4)] });
  again.close();
});

test('a snapshot of our own drops what it holds and keeps the rest', () => {
  const store = filled();
  store.compact(snapshotAt(2, 1));
  const again = reopened(store);
  expect(again.restore()).toMatchObject({ snapshot: snapshotAt(2, 1), entries: [{ index: 3 }] });
  again.close();
});

test('a store joins a group once, with what the group begins with', () => {
  const store = RaftStore.open(path);
  store.found('cluster-1', founded(config));
  expect(() => store.found('cluster-2', founded(config))).toThrow('belongs to the cluster cluster-1 already');
  const again = reopened(store);
  expect(again.identity.clusterId).toBe('cluster-1');
  expect(again.restore().snapshot).toMatchObject({ index: 0, config });
  again.close();
});

test.each([
  { name: 'the term', sql: 'UPDATE hard SET term = 9', says: 'term and vote' },
  { name: 'the vote', sql: "UPDATE hard SET voted_for = 'c'", says: 'term and vote' },
  { name: 'the bytes of an entry', sql: "UPDATE entries SET data = x'00' WHERE idx = 2", says: 'entry 2' },
  { name: 'the term of an entry', sql: 'UPDATE entries SET term = 2 WHERE idx = 2', says: 'entry 2' },
  { name: 'the kind of an entry', sql: 'UPDATE entries SET kind = 0 WHERE idx = 2', says: 'entry 2' },
  { name: 'an entry in the middle that is gone', sql: 'DELETE FROM entries WHERE idx = 2', says: 'entry 2 is missing' },
  { name: 'the last entries, which were known to be committed, gone', sql: 'DELETE FROM entries', says: 'knows 1 entries to be committed and holds 0' },
  { name: 'term and vote gone', sql: 'DELETE FROM hard', says: 'an entry of term 2 and knows only of term 0' },
  { name: 'the bytes of the snapshot', sql: "UPDATE snapshot SET data = x'00'", says: 'the snapshot at 1' },
  { name: 'the members in the snapshot', sql: `UPDATE snapshot SET config = '{"voters":["z"],"outgoing":[],"learners":[]}'`, says: 'the snapshot at 1' },
])('damage is found, and the member does not start on it: $name', ({ sql, says }) => {
  const store = filled();
  if (sql.includes('snapshot')) store.compact(snapshotAt(1, 1));
  store.close();
  const raw = new DatabaseSync(path);
  raw.exec(sql);
  raw.close();
  const again = RaftStore.open(path);
  expect(() => again.restore()).toThrow(StoreDamaged);
  expect(() => again.restore()).toThrow(says);
  expect(() => again.restore()).toThrow('it joins as a new member');
  again.close();
});

test('a file that is no database is not overwritten', () => {
  RaftStore.open(path).close();
  writeFileSync(path, 'something else entirely, and long enough to be looked at as a database header');
  expect(() => RaftStore.open(path)).toThrow(StoreUnusable);
});

test('one process at a time', () => {
  const store = filled();
  expect(() => RaftStore.open(path)).toThrow('another process is using it: give each member its own node.dataDir');
  store.close();
  RaftStore.open(path).close();
});

test('a store of a later build is left as it is', () => {
  filled().close();
  const raw = new DatabaseSync(path);
  raw.exec("UPDATE meta SET value = '2' WHERE name = 'format'");
  raw.close();
  expect(() => RaftStore.open(path)).toThrow('it has format 2, this build reads format 1: start the build that wrote it');
});

test('a write is synced before it returns: the database is asked for nothing less', () => {
  const store = filled();
  const database = Reflect.get(store, 'database') as DatabaseSync;
  const settings = ['synchronous', 'journal_mode', 'locking_mode'].map((name) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
  // 2 is FULL: with less a commit in the write-ahead log may be lost when the power goes.
  expect(settings).toEqual([2, 'wal', 'exclusive']);
  store.close();
});

test('a write that fails changes nothing', () => {
  const store = filled();
  expect(() => store.write({ hard: { term: 7, votedFor: 'c', commit: 1 }, snapshot: null, entries: [command(4, 7), command(4, 7)] })).toThrow('UNIQUE');
  const again = reopened(store);
  expect(again.restore()).toMatchObject({ hard: { term: 2, votedFor: 'b' }, entries: [{ index: 1 }, { index: 2 }, { index: 3 }] });
  again.close();
});

/** Runs the writer until it ends; `onLine` may end it. */
function runWriter(limits: string, onLine: (line: string, pid: number) => void): Promise<string[]> {
  const child = spawn('sh', ['-c', `${limits} exec "$0" "$1" "$2"`, process.execPath, WRITER, path], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_NO_WARNINGS: '1' } });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
    const line = said.split('\n').at(-2);
    if (line !== undefined && child.pid !== undefined) onLine(line, child.pid);
  });
  return new Promise((done) => child.on('close', () => done(said.split('\n').slice(0, -1))));
}

test('a kill in the middle of writes loses nothing that was acknowledged', async () => {
  for (const killAt of [3, 40]) {
    const lines = await runWriter('', (line, pid) => {
      if (Number(line) >= killAt) process.kill(pid, 'SIGKILL');
    });
    const acknowledged = Number(lines.at(-1));
    const store = RaftStore.open(path);
    const { hard, entries } = store.restore();
    store.close();
    expect(entries.length).toBeGreaterThanOrEqual(acknowledged);
    expect(hard.term).toBe(entries.length);
    expect(entries.every((entry, position) => entry.index === position + 1 && entry.kind === 'command' && entry.data[0] === (position + 1) % 256)).toBe(true);
  }
});

test('on a full disk a write fails in words, and what was acknowledged before is there', async () => {
  // A limit on the size of files stands for a disk: the kernel refuses to write on, as it does without space.
  const lines = await runWriter("trap '' XFSZ; ulimit -f 300;", () => {});
  expect(lines.at(-1)).toMatch(/^failed the Raft store .* cannot be written: .*(full: free some space|I\/O error: look at the disk)/);
  const store = RaftStore.open(path);
  expect(store.restore().entries).toHaveLength(lines.length - 1);
  store.close();
});
