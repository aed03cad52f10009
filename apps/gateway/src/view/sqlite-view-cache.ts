/**
 * The view in a SQLite file of one machine.
 *
 * Opened when first used, and again after it could not be: a cache that is damaged or has no disk is a fault of one load
 * or save, and no reason for a gateway not to start.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { decodeView, encodeView, type SavedView, type ViewCache } from './view-cache.js';

/** Wait for another process that writes. Milliseconds. */
const BUSY_MS = 500;

export class SqliteViewCache implements ViewCache {
  private database: DatabaseSync | null = null;

  constructor(
    private readonly file: string,
    private readonly cluster: string,
  ) {}

  async load(): Promise<SavedView | null> {
    const row = this.opened().prepare('select body from view where cluster = ?').get(this.cluster);
    return decodeView(typeof row?.['body'] === 'string' ? row['body'] : null);
  }

  async save(view: SavedView): Promise<void> {
    this.opened()
      .prepare('insert into view values (?, ?, ?) on conflict (cluster) do update set as_of_unix_ms = excluded.as_of_unix_ms, body = excluded.body where excluded.as_of_unix_ms >= view.as_of_unix_ms')
      .run(this.cluster, view.asOfUnixMs, encodeView(view));
  }

  async close(): Promise<void> {
    this.database?.close();
    this.database = null;
  }

  private opened(): DatabaseSync {
    try {
      return (this.database ??= openDatabase(this.file));
    } catch (error) {
      throw new Error(`${this.file} cannot keep the view (${error instanceof Error ? error.message : String(error)}): delete it, or name another place with MUSTER_REDIS_URL`, { cause: error });
    }
  }
}

function openDatabase(file: string): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true });
  const database = new DatabaseSync(file, { timeout: BUSY_MS });
  try {
    // The view is remade in a second: losing the last write in a power cut costs nothing.
    database.exec('pragma journal_mode = wal; pragma synchronous = off; create table if not exists view (cluster text primary key, as_of_unix_ms integer not null, body text not null)');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
