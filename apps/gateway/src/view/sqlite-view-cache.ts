/** The view in a SQLite file of one machine. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { decodeView, encodeView, type SavedView, type ViewCache } from './view-cache.js';

/** Wait for another process that writes. Milliseconds. */
const BUSY_MS = 500;

export class SqliteViewCache implements ViewCache {
  private readonly database: DatabaseSync;

  constructor(
    file: string,
    private readonly cluster: string,
  ) {
    mkdirSync(dirname(file), { recursive: true });
    this.database = new DatabaseSync(file, { timeout: BUSY_MS });
    // The view is remade in a second: losing the last write in a power cut costs nothing.
    this.database.exec('pragma journal_mode = wal; pragma synchronous = off; create table if not exists view (cluster text primary key, as_of_unix_ms integer not null, body text not null)');
  }

  async load(): Promise<SavedView | null> {
    const row = this.database.prepare('select body from view where cluster = ?').get(this.cluster);
    return decodeView(typeof row?.['body'] === 'string' ? row['body'] : null);
  }

  async save(view: SavedView): Promise<void> {
    this.database
      .prepare('insert into view values (?, ?, ?) on conflict (cluster) do update set as_of_unix_ms = excluded.as_of_unix_ms, body = excluded.body where excluded.as_of_unix_ms >= view.as_of_unix_ms')
      .run(this.cluster, view.asOfUnixMs, encodeView(view));
  }

  async close(): Promise<void> {
    if (this.database.isOpen) this.database.close();
  }
}
