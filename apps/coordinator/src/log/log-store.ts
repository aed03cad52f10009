/**
 * The file under the local log: entries, one snapshot and the term, in SQLite with every commit on the disk.
 *
 * One process at a time: a second one on the same folder is refused, because two writers would be two leaders.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';

export interface StoredEntry {
  readonly index: number;
  readonly term: number;
  readonly command: unknown;
}

export interface StoredSnapshot {
  readonly index: number;
  readonly term: number;
  readonly state: unknown;
}

const FORMAT = 1;
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS entries (idx INTEGER PRIMARY KEY, term INTEGER NOT NULL, command TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS snapshot (id INTEGER PRIMARY KEY CHECK (id = 1), idx INTEGER NOT NULL, term INTEGER NOT NULL, state TEXT NOT NULL) STRICT;
`;

export class LogStore {
  private readonly database: DatabaseSync;
  private readonly insert: StatementSync;

  constructor(private readonly path: string) {
    mkdirSync(dirname(path), { recursive: true });
    this.database = new DatabaseSync(path);
    try {
      this.database.exec('PRAGMA busy_timeout = 1000; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
      this.database.exec(SCHEMA);
      const format = this.meta('format') ?? FORMAT;
      if (format !== FORMAT) throw new Error(`it has format ${format}, this build reads format ${FORMAT}: start the build that wrote it, or give another node.dataDir`);
      this.setMeta('format', FORMAT);
      this.insert = this.database.prepare('INSERT INTO entries (idx, term, command) VALUES (?, ?, ?)');
    } catch (error) {
      this.database.close();
      throw this.explained(error);
    }
  }

  /** A term greater than any before, durable before it is used. */
  nextTerm(): number {
    const term = (this.meta('term') ?? 0) + 1;
    this.setMeta('term', term);
    return term;
  }

  snapshot(): StoredSnapshot | null {
    const row = this.database.prepare('SELECT idx, term, state FROM snapshot WHERE id = 1').get();
    if (row === undefined) return null;
    return { index: Number(row['idx']), term: Number(row['term']), state: this.parsed(String(row['state']), 'its snapshot') };
  }

  /** Entries after `index`, in order. */
  *entriesAfter(index: number): Generator<StoredEntry> {
    for (const row of this.database.prepare('SELECT idx, term, command FROM entries WHERE idx > ? ORDER BY idx').iterate(index)) {
      yield { index: Number(row['idx']), term: Number(row['term']), command: this.parsed(String(row['command']), `entry ${String(row['idx'])}`) };
    }
  }

  /** All of them, on the disk, or none. */
  append(entries: readonly StoredEntry[]): void {
    this.inTransaction(() => {
      for (const { index, term, command } of entries) this.insert.run(index, term, JSON.stringify(command));
    });
  }

  /** Saves the state as of `index` and drops the entries that it contains. */
  saveSnapshot({ index, term, state }: StoredSnapshot): void {
    this.inTransaction(() => {
      this.database.prepare('INSERT OR REPLACE INTO snapshot (id, idx, term, state) VALUES (1, ?, ?, ?)').run(index, term, JSON.stringify(state));
      this.database.prepare('DELETE FROM entries WHERE idx <= ?').run(index);
    });
  }

  /** Throws when nothing can be written. */
  touch(): void {
    this.setMeta('touched', (this.meta('touched') ?? 0) + 1);
  }

  close(): void {
    this.database.close();
  }

  private inTransaction(work: () => void): void {
    this.database.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.database.exec('COMMIT');
    } catch (error) {
      // SQLite may have rolled back by itself, on a full disk for example.
      if (this.database.isTransaction) this.database.exec('ROLLBACK');
      throw error;
    }
  }

  private meta(name: string): number | undefined {
    const row = this.database.prepare('SELECT value FROM meta WHERE name = ?').get(name);
    return row === undefined ? undefined : Number(row['value']);
  }

  private setMeta(name: string, value: number): void {
    this.database.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)').run(name, value);
  }

  private parsed(text: string, what: string): unknown {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw new Error(`the state file ${this.path} is damaged: ${what} is not JSON. Move it away to start with an empty state; members will join again`, { cause: error });
    }
  }

  private explained(error: unknown): Error {
    const text = error instanceof Error ? error.message : String(error);
    const advice = /locked|busy/i.test(text) ? 'another coordinator is using it: give each its own node.dataDir' : text;
    return new Error(`the state file ${this.path} cannot be opened: ${advice}`, { cause: error });
  }
}
