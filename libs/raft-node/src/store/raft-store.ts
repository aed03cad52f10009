/**
 * What a member must not forget, in SQLite: term, vote and entries in one durable transaction, each row with a checksum.
 *
 * Fails closed: what cannot be written throws, and the caller must not say that it was; what cannot be read back as it was written
 * keeps the member from starting, with the way out in the message. One process at a time.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { Configuration, Entry, HardState, Restored, Snapshot } from '@muster/raft';
import { checksumOf, decodeEntry, encodeEntry, kindCode } from './entry-codec.js';
import { partAt, partsOf } from './snapshot-parts.js';
import { StoreDamaged, StoreUnusable, StoreUnwritable } from './store-errors.js';
import { walDamage } from './wal-check.js';

/** Who a store belongs to. A wiped disk has another `storeId`, and is another member. */
export interface StoreIdentity {
  readonly storeId: string;
  /** Null until the group was formed. */
  readonly clusterId: string | null;
}

/** What one `Ready` asks to be written. */
export interface Write {
  readonly hard: HardState | null;
  readonly snapshot: Snapshot | null;
  readonly entries: readonly Entry[];
}

const FORMAT = 1;
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS hard (id INTEGER PRIMARY KEY CHECK (id = 1), term INTEGER NOT NULL, voted_for TEXT, commit_index INTEGER NOT NULL, crc INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS entries (idx INTEGER PRIMARY KEY, term INTEGER NOT NULL, kind INTEGER NOT NULL, data BLOB NOT NULL, crc INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS snapshot (id INTEGER PRIMARY KEY CHECK (id = 1), idx INTEGER NOT NULL, term INTEGER NOT NULL, config TEXT NOT NULL, data BLOB NOT NULL, crc INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS snapshot_parts (idx INTEGER NOT NULL, part INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (idx, part)) STRICT;
`;
/** Rows that are deleted in one transaction. Count. */
const PARTS_SWEPT = 4;
const ENTRIES_SWEPT = 500;
/**
 * Pages of the write-ahead log after which a commit copies them into the database and takes some milliseconds for it: seldom, since a page that was
 * written many times is copied once; and drawn anew by each store, since members write the same and would all stand still at the same moment.
 */
const WAL_PAGES = { min: 3000, max: 5000 };
/** Parts of a snapshot are copied more often: each of their pages is another. Bytes. */
const STAGED_BYTES_MAX = 2 * 1024 * 1024;

export class RaftStore {
  private readonly statements = new Map<string, StatementSync>();
  /** Checksums of the parts that this process has written of a snapshot that is none yet. */
  private staged: { readonly index: number; readonly parts: Map<number, number> } = { index: 0, parts: new Map() };
  private stagedBytes = 0;

  private constructor(
    private readonly path: string,
    private readonly database: DatabaseSync,
    private known: StoreIdentity,
  ) {}

  /** Makes the store when there is none. Throws `StoreUnusable` when it is in use, of another format, or cannot be opened, `StoreDamaged` when what was written last is not as it was. */
  static open(path: string): RaftStore {
    refuseDamagedWal(path);
    let database: DatabaseSync | null = null;
    try {
      mkdirSync(dirname(path), { recursive: true });
      database = new DatabaseSync(path);
      // The lock is taken by the first write and kept. FULL: a commit is on the disk before it returns, WAL or not.
      database.exec('PRAGMA busy_timeout = 1000; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
      database.exec(`PRAGMA wal_autocheckpoint = ${randomInt(WAL_PAGES.min, WAL_PAGES.max)}`);
      const identity = prepared(database);
      // After a sync that failed what is read may be in memory only: it is written anew, elsewhere, before anything is built on it.
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      return new RaftStore(path, database, identity);
    } catch (error) {
      database?.close();
      throw StoreUnusable.because(path, error);
    }
  }

  /** Throws `StoreUnusable` when there is none. */
  static openExisting(path: string): RaftStore {
    if (!existsSync(path)) throw StoreUnusable.because(path, new Error('there is none: give the data folder of a coordinator that has run'));
    return RaftStore.open(path);
  }

  get identity(): StoreIdentity {
    return this.known;
  }

  /** Everything that was written; throws `StoreDamaged` when it does not read as it was written. */
  restore(): Restored {
    try {
      return this.read();
    } catch (error) {
      // SQLite itself may find a page that makes no sense.
      throw error instanceof StoreDamaged ? error : this.damaged(error instanceof Error ? error.message : String(error));
    }
  }

  /** All of it, on the disk, or none. */
  write({ hard, snapshot, entries }: Write): void {
    this.inTransaction(() => {
      if (hard !== null) this.putHard(hard);
      if (snapshot !== null) {
        this.putSnapshot(snapshot);
        this.run('DELETE FROM entries WHERE idx > ?', snapshot.index);
      }
      const first = entries[0]?.index;
      if (first !== undefined) this.run('DELETE FROM entries WHERE idx >= ?', first);
      for (const entry of entries) this.putEntry(entry);
    });
  }

  /**
   * Writes a part of a snapshot beforehand, durably, in a transaction of its own; it counts once the whole is written (`compact`, `write`), which has
   * less to do then. What comes of another index takes the place of what was written beforehand. Parts are those of `snapshot-parts.ts`, from 1.
   */
  stage(index: number, part: number, bytes: Uint8Array): void {
    // Never a part of the snapshot that holds.
    if (index <= this.snapshotIndex()) return;
    if (this.staged.index !== index) this.staged = { index, parts: new Map() };
    const checksum = checksumOf(bytes);
    if (this.staged.parts.get(part) === checksum) return;
    this.inTransaction(() => this.putPart(index, part, bytes));
    this.staged.parts.set(part, checksum);
    this.stagedBytes += bytes.byteLength;
    if (this.stagedBytes >= STAGED_BYTES_MAX) this.checkpoint();
  }

  /** Deletes some of what is of no use: entries that the snapshot holds, and what others have left than it and the one that is written beforehand. False when there is nothing more. */
  sweep(): boolean {
    const snapshotIndex = this.snapshotIndex();
    const first = Number(this.database.prepare('SELECT min(idx) AS first FROM entries').get()?.['first'] ?? Infinity);
    if (first <= snapshotIndex) {
      this.inTransaction(() => this.run('DELETE FROM entries WHERE idx <= ?', Math.min(snapshotIndex, first + ENTRIES_SWEPT - 1)));
      return true;
    }
    const underWay = Math.max(snapshotIndex, this.staged.index);
    const left = this.database.prepare('SELECT rowid FROM snapshot_parts WHERE idx <> ? AND idx <> ? LIMIT ?').all(snapshotIndex, underWay, PARTS_SWEPT);
    if (left.length === 0) return false;
    this.inTransaction(() => {
      for (const { rowid } of left) this.run('DELETE FROM snapshot_parts WHERE rowid = ?', Number(rowid));
    });
    return true;
  }

  /** Saves a snapshot of our own: what it holds counts no more, and is deleted by and by. */
  compact(snapshot: Snapshot): void {
    this.inTransaction(() => {
      this.putSnapshot(snapshot);
    });
  }

  /** The store becomes one of a group: the identity of the group and what its first members begin with, in one transaction. Once only. */
  found(clusterId: string, { hard, snapshot, entries }: Restored): void {
    if (this.known.clusterId !== null) throw new Error(`the Raft store ${this.path} belongs to the cluster ${this.known.clusterId} already and cannot become one of ${clusterId}: use another node.dataDir`);
    this.inTransaction(() => {
      this.run("INSERT INTO meta (name, value) VALUES ('clusterId', ?)", clusterId);
      this.putHard(hard);
      if (snapshot !== null) this.putSnapshot(snapshot);
      for (const entry of entries) this.putEntry(entry);
    });
    this.known = { ...this.known, clusterId };
  }

  /** The store becomes one of another group, with what that begins with after all that is stored; in one transaction. See `recovery`. */
  refound(clusterId: string, hard: HardState, entries: readonly Entry[]): void {
    this.inTransaction(() => {
      this.run("UPDATE meta SET value = ? WHERE name = 'clusterId'", clusterId);
      this.putHard(hard);
      for (const entry of entries) this.putEntry(entry);
    });
    this.known = { ...this.known, clusterId };
  }

  /** A copy of all of it, in a file that must not exist yet. */
  copyTo(path: string): void {
    this.run('VACUUM INTO ?', path);
  }

  /** What was noted under a name before the store belonged to a group; null when nothing was. */
  note(name: string): string | null {
    const value = this.database.prepare('SELECT value FROM meta WHERE name = ?').get(`note.${name}`)?.['value'];
    return typeof value === 'string' ? value : null;
  }

  /** Durable when it returns. */
  putNote(name: string, value: string): void {
    this.inTransaction(() => this.run('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)', `note.${name}`, value));
  }

  /** More than once does no harm. */
  close(): void {
    if (this.database.isOpen) this.database.close();
  }

  private read(): Restored {
    const hard = this.readHard();
    const snapshot = this.readSnapshot();
    const entries = this.readEntries((snapshot?.index ?? 0) + 1);
    const lastIndex = entries.at(-1)?.index ?? snapshot?.index ?? 0;
    if (hard.commit > lastIndex) throw this.damaged(`it knows ${hard.commit} entries to be committed and holds ${lastIndex}`);
    const lastTerm = entries.at(-1)?.term ?? snapshot?.term ?? 0;
    // Term and vote are written with the first entry of a term or before, never after.
    if (lastTerm > hard.term) throw this.damaged(`it holds an entry of term ${lastTerm} and knows only of term ${hard.term}`);
    return { hard, snapshot, entries };
  }

  private readHard(): HardState {
    const row = this.database.prepare('SELECT term, voted_for, commit_index, crc FROM hard').get();
    if (row === undefined) return { term: 0, votedFor: null, commit: 0 };
    const votedFor = row['voted_for'];
    const hard: HardState = { term: Number(row['term']), votedFor: typeof votedFor === 'string' ? votedFor : null, commit: Number(row['commit_index']) };
    if (hardChecksum(hard) !== Number(row['crc'])) throw this.damaged('term and vote');
    return hard;
  }

  private readSnapshot(): Snapshot | null {
    const row = this.database.prepare('SELECT idx, term, config, data, crc FROM snapshot').get();
    if (row === undefined) return null;
    const { idx, term, config, data } = row;
    const parts = this.database.prepare('SELECT data FROM snapshot_parts WHERE idx = ? ORDER BY part').all(Number(idx));
    const all = [data, ...parts.map((part) => part['data'])].filter((part) => part instanceof Uint8Array);
    const whole = parts.length === 0 && all[0] !== undefined ? all[0] : Uint8Array.from(Buffer.concat(all));
    if (snapshotChecksum(Number(idx), Number(term), String(config), whole) !== Number(row['crc'])) throw this.damaged(`the snapshot at ${String(idx)}`);
    return { index: Number(idx), term: Number(term), config: JSON.parse(String(config)) as Configuration, data: whole };
  }

  private readEntries(from: number): Entry[] {
    const entries: Entry[] = [];
    for (const row of this.database.prepare('SELECT idx, term, kind, data, crc FROM entries WHERE idx >= ? ORDER BY idx').iterate(from)) {
      const index = Number(row['idx']);
      const { data } = row;
      const expected = from + entries.length;
      if (index !== expected) throw this.damaged(`entry ${expected} is missing`);
      if (!(data instanceof Uint8Array) || entryChecksum(index, Number(row['term']), Number(row['kind']), data) !== Number(row['crc'])) throw this.damaged(`entry ${index}`);
      entries.push(decodeEntry({ index, term: Number(row['term']), kind: Number(row['kind']), data }));
    }
    return entries;
  }

  private putHard(hard: HardState): void {
    this.run('INSERT OR REPLACE INTO hard (id, term, voted_for, commit_index, crc) VALUES (1, ?, ?, ?, ?)', hard.term, hard.votedFor, hard.commit, hardChecksum(hard));
  }

  private putEntry(entry: Entry): void {
    const { index, term } = entry;
    const data = encodeEntry(entry);
    const kind = kindCode(entry.kind);
    this.run('INSERT INTO entries (idx, term, kind, data, crc) VALUES (?, ?, ?, ?, ?)', index, term, kind, data, entryChecksum(index, term, kind, data));
  }

  private putSnapshot({ index, term, config, data }: Snapshot): void {
    const members = JSON.stringify(config);
    const count = partsOf(data);
    for (let part = 1; part <= count; part++) {
      const bytes = partAt(data, part);
      const isStaged = this.staged.index === index && this.staged.parts.get(part) === checksumOf(bytes);
      if (!isStaged) this.putPart(index, part, bytes);
    }
    this.run('DELETE FROM snapshot_parts WHERE idx = ? AND part > ?', index, count);
    this.run('INSERT OR REPLACE INTO snapshot (id, idx, term, config, data, crc) VALUES (1, ?, ?, ?, ?, ?)', index, term, members, partAt(data, 0), snapshotChecksum(index, term, members, data));
  }

  private putPart(index: number, part: number, bytes: Uint8Array): void {
    this.run('INSERT OR REPLACE INTO snapshot_parts (idx, part, data) VALUES (?, ?, ?)', index, part, bytes);
  }

  private snapshotIndex(): number {
    return Number(this.database.prepare('SELECT idx FROM snapshot').get()?.['idx'] ?? -1);
  }

  private run(sql: string, ...values: SQLInputValue[]): void {
    let statement = this.statements.get(sql);
    if (statement === undefined) {
      statement = this.database.prepare(sql);
      this.statements.set(sql, statement);
    }
    statement.run(...values);
  }

  private checkpoint(): void {
    this.stagedBytes = 0;
    try {
      this.database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch (error) {
      throw StoreUnwritable.because(this.path, error);
    }
  }

  private inTransaction(work: () => void): void {
    try {
      this.database.exec('BEGIN IMMEDIATE');
      work();
      this.database.exec('COMMIT');
    } catch (error) {
      // SQLite may have rolled back by itself, on a full disk for example.
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
      throw StoreUnwritable.because(this.path, error);
    }
  }

  private damaged(what: string): StoreDamaged {
    return new StoreDamaged(this.path, what);
  }
}

/** Before SQLite sees it, which would cut it off where it is damaged, and write on. */
function refuseDamagedWal(path: string): void {
  const wal = `${path}-wal`;
  const look = (): string | null => (existsSync(path) && existsSync(wal) ? walDamage(readFileSync(wal)) : null);
  // Twice: a member that runs on this store may have begun its log anew while it was read.
  const damage = look() === null ? null : look();
  if (damage !== null) throw new StoreDamaged(path, damage);
}

/** Reads the format before anything is changed: a store of a later build is left as it is. */
function prepared(database: DatabaseSync): StoreIdentity {
  const read = (name: string): string | null => {
    const value = database.prepare('SELECT value FROM meta WHERE name = ?').get(name)?.['value'];
    return typeof value === 'string' ? value : null;
  };
  const isNew = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'meta'").get() === undefined;
  const format = isNew ? String(FORMAT) : read('format');
  if (format !== String(FORMAT)) throw new Error(`it has format ${format ?? 'unknown'}, this build reads format ${FORMAT}: start the build that wrote it`);
  database.exec(`BEGIN IMMEDIATE; ${SCHEMA}`);
  const put = database.prepare('INSERT OR IGNORE INTO meta (name, value) VALUES (?, ?)');
  put.run('format', String(FORMAT));
  put.run('storeId', randomUUID());
  database.exec('COMMIT');
  return { storeId: read('storeId') ?? '', clusterId: read('clusterId') };
}

function hardChecksum({ term, votedFor, commit }: HardState): number {
  return checksumOf(JSON.stringify([term, votedFor, commit]));
}

function entryChecksum(index: number, term: number, kind: number, data: Uint8Array): number {
  return checksumOf(data, checksumOf(`${index}/${term}/${kind}/`));
}

function snapshotChecksum(index: number, term: number, config: string, data: Uint8Array): number {
  return checksumOf(data, checksumOf(`${index}/${term}/${config}/`));
}
