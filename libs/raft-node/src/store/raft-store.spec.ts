/** The store keeps what it says it keeps: over restarts, crashes and full disks, and says so when it cannot. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { type Configuration, type Entry, founded, type Snapshot } from '@muster/raft';
import { PART_BYTES, partAt, partsOf } from './snapshot-parts.js';
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

describe('a large snapshot', () => {
  const large = (index: number, fill: number, parts: number): Snapshot => ({ index, term: 2, config, data: new Uint8Array(parts * PART_BYTES + 5).fill(fill) });
  const staged = (store: RaftStore, { index, data }: Snapshot, parts = partsOf(data)): void => {
    for (let part = 1; part <= parts; part++) store.stage(index, part, partAt(data, part));
  };
  /** Megabytes are not compared byte by byte by jest, which takes seconds for it. */
  const brief = (snapshot: Snapshot | null): object | null => snapshot && { ...snapshot, data: createHash('sha256').update(snapshot.data).digest('hex') };
  const rows = (): number => {
    const raw = new DatabaseSync(path);
    const count = Number(raw.prepare('SELECT count(*) AS n FROM snapshot_parts').get()?.['n']);
    raw.close();
    return count;
  };
  test.each([
    ['at once', 0],
    ['after some parts', 2],
    ['after all of them', 3],
  ])('is there as it was, written %s', (_, parts) => {
    const store = filled();
    const snapshot = large(2, 7, 3);
    staged(store, snapshot, parts);
    store.compact(snapshot);
    const again = reopened(store);
    expect(again.restore()).toMatchObject({ entries: [{ index: 3 }] });
    expect(brief(again.restore().snapshot)).toEqual(brief(snapshot));
    again.close();
  });

  test('that was not finished never was: what holds is the one before, and all of the log', () => {
    const store = filled();
    store.compact(large(1, 1, 2));
    const { snapshot, ...before } = store.restore();
    staged(store, large(2, 2, 4));
    const again = reopened(store);
    const { snapshot: found, ...rest } = again.restore();
    expect([brief(found), rest]).toEqual([brief(snapshot), before]);
    again.close();
  });

  test('takes nothing from what was staged of another, of a longer one, or before a crash', () => {
    const store = filled();
    staged(store, large(2, 9, 5));
    const again = reopened(store);
    // Not by this process: it may be anything.
    staged(again, large(2, 8, 1));
    const snapshot = large(2, 7, 3);
    again.compact(snapshot);
    const third = reopened(again);
    expect(brief(third.restore().snapshot)).toEqual(brief(snapshot));
    third.close();
  });

  test('cannot be overwritten by parts of an older one, or of itself', () => {
    const store = filled();
    const snapshot = large(2, 7, 2);
    store.compact(snapshot);
    staged(store, large(2, 1, 2));
    staged(store, large(1, 1, 2));
    expect(brief(store.restore().snapshot)).toEqual(brief(snapshot));
    store.close();
  });

  test('leaves nothing behind once the next is there and what is of no use was swept, a little at a time', () => {
    const store = filled();
    store.compact(large(1, 1, 6));
    staged(store, large(3, 3, 2));
    const last = large(2, 2, 1);
    store.compact(last);
    let sweeps = 0;
    while (store.sweep()) sweeps += 1;
    // The two entries that it holds, and six parts.
    expect(sweeps).toBe(3);
    expect(brief(store.restore().snapshot)).toEqual(brief(last));
    store.compact(large(3, 3, 2));
    expect(brief(store.restore().snapshot)).toEqual(brief(large(3, 3, 2)));
    while (store.sweep());
    store.close();
    expect(rows()).toBe(2);
  });

  test('that is on its way stays while others are swept, and is swept itself once a later one holds', () => {
    const store = filled();
    store.compact(large(1, 1, 2));
    store.compact(snapshotAt(2, 2));
    staged(store, large(9, 9, 3), 2);
    while (store.sweep());
    store.close();
    expect(rows()).toBe(2);
    const again = RaftStore.open(path);
    staged(again, large(9, 9, 3), 1);
    again.write({ hard: null, snapshot: { ...snapshotAt(10, 2) }, entries: [] });
    while (again.sweep());
    again.close();
    expect(rows()).toBe(0);
  });

  test('that came from elsewhere takes the place of one that is being written', () => {
    const store = filled();
    staged(store, large(9, 1, 3));
    const received = large(9, 2, 2);
    store.write({ hard: null, snapshot: received, entries: [] });
    const again = reopened(store);
    expect(brief(again.restore().snapshot)).toEqual(brief(received));
    again.close();
  });

  test.each(['DELETE FROM snapshot_parts WHERE part = 1', "UPDATE snapshot_parts SET data = x'00' WHERE part = 2", 'INSERT INTO snapshot_parts (idx, part, data) VALUES (2, 9, x\'00\')'])('is found damaged: %s', (sql) => {
    const store = filled();
    store.compact(large(2, 7, 3));
    store.close();
    const raw = new DatabaseSync(path);
    raw.exec(sql);
    raw.close();
    const again = RaftStore.open(path);
    expect(() => again.restore()).toThrow('the snapshot at 2');
    again.close();
  });
});

test('entries that a snapshot holds count no more from the start, and are deleted by and by; those after it stay', () => {
  const store = RaftStore.open(path);
  store.write({ hard: { term: 1, votedFor: 'a', commit: 1200 }, snapshot: null, entries: Array.from({ length: 1300 }, (_, at) => command(at + 1, 1)) });
  store.compact(snapshotAt(1200, 1));
  expect(store.restore().entries).toHaveLength(100);
  const held = [];
  for (let more = true; more; ) {
    more = store.sweep();
    expect(store.restore().entries[0]?.index).toBe(1201);
    held.push(more);
  }
  expect(held).toEqual([true, true, true, false]);
  // A snapshot from elsewhere voids those after it at once.
  store.write({ hard: null, snapshot: snapshotAt(1250, 1), entries: [] });
  const again = reopened(store);
  expect(again.restore().entries).toEqual([]);
  again.close();
  const raw = new DatabaseSync(path);
  expect(raw.prepare('SELECT min(idx) AS first, max(idx) AS last FROM entries').get()).toEqual({ first: 1201, last: 1250 });
  raw.close();
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

test('stores do not all pause after the same write: each draws when its write-ahead log is copied', () => {
  const pages = Array.from({ length: 8 }, (_, position) => {
    const store = RaftStore.open(join(folder, String(position), 'raft.db'));
    const drawn = Number((Reflect.get(store, 'database') as DatabaseSync).prepare('PRAGMA wal_autocheckpoint').get()?.['wal_autocheckpoint']);
    store.close();
    return drawn;
  });
  expect(new Set(pages).size).toBeGreaterThan(1);
  // A bound on the log, which is read as a whole after a crash.
  expect(pages.every((drawn) => drawn >= 3000 && drawn < 5000)).toBe(true);
});

test('parts of a large snapshot are copied as they come: the write-ahead log does not hold them all for one long pause', () => {
  const store = filled();
  for (let part = 1; part <= 40; part++) store.stage(9, part, new Uint8Array(256 * 1024).fill(part));
  expect(statSync(`${path}-wal`).size).toBeLessThan(4 * 1024 * 1024);
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
