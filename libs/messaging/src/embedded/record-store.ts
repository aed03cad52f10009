/**
 * Topics, records and committed offsets of the embedded bus in one SQLite file.
 *
 * A record's row id is `partition id * 2^40 + offset`, so a partition is one range of the primary key. What was committed
 * survives the death of the process; the last moments before a power cut may be lost, as with Kafka's own defaults.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { TopicSpec } from '@muster/contracts';
import type { SentRecord, StoredRecord } from './record-codec.js';

const OFFSETS_PER_PARTITION = 2 ** 40;
const PARTITION_ID_MAX = 2 ** 13 - 1;

export interface StoredPartition {
  readonly id: number;
  readonly topic: string;
  readonly partition: number;
  /** Offset of the oldest record that may still be there. */
  low: number;
  /** Offset that the next record will get. */
  high: number;
  lastTimestampUnixMs: number;
  /** Appended since the last compaction. Count. */
  uncompacted: number;
}

export interface StoredTopic {
  readonly name: string;
  readonly cleanup: TopicSpec['cleanup'];
  retentionMs: number | null;
  readonly partitions: readonly StoredPartition[];
}

/** Version of the tables below; goes up when they change. */
const FORMAT_VERSION = 1;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS topic (name TEXT PRIMARY KEY, partition_count INTEGER NOT NULL, cleanup TEXT NOT NULL, retention_ms INTEGER) STRICT;
  CREATE TABLE IF NOT EXISTS partition (id INTEGER PRIMARY KEY, topic TEXT NOT NULL, number INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL, last_timestamp INTEGER NOT NULL, UNIQUE (topic, number)) STRICT;
  CREATE TABLE IF NOT EXISTS record (id INTEGER PRIMARY KEY, timestamp INTEGER NOT NULL, key TEXT, value BLOB, headers TEXT) STRICT;
  CREATE TABLE IF NOT EXISTS group_offset (consumer_group TEXT NOT NULL, partition_id INTEGER NOT NULL, next_offset INTEGER NOT NULL, committed_at INTEGER NOT NULL, PRIMARY KEY (consumer_group, partition_id)) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${FORMAT_VERSION};
`;

export class RecordStore {
  readonly topics = new Map<string, StoredTopic>();
  readonly db: DatabaseSync;
  readonly #dirty = new Set<StoredPartition>();
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #position: StatementSync;
  readonly #commit: StatementSync;
  readonly #committed: StatementSync;

  constructor(file: string) {
    this.db = new DatabaseSync(file);
    const { user_version: version } = this.db.prepare('PRAGMA user_version').get() as { user_version: number };
    if (version > FORMAT_VERSION) throw new RangeError(`it was written by a later version of Muster (format ${version}, this one reads ${FORMAT_VERSION})`);
    // EXCLUSIVE: two brokers on one file would each believe its own offsets.
    this.db.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 2000; PRAGMA journal_size_limit = 16777216; ${SCHEMA}`);
    this.#insert = this.db.prepare('INSERT INTO record (id, timestamp, key, value, headers) VALUES (?, ?, ?, ?, ?)');
    this.#select = this.db.prepare('SELECT id, timestamp, key, value, headers FROM record WHERE id >= ? AND id < ? ORDER BY id LIMIT ?');
    this.#position = this.db.prepare('UPDATE partition SET low = ?, high = ?, last_timestamp = ? WHERE id = ?');
    this.#commit = this.db.prepare('INSERT INTO group_offset VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET next_offset = excluded.next_offset, committed_at = excluded.committed_at');
    this.#committed = this.db.prepare('SELECT next_offset AS next FROM group_offset WHERE consumer_group = ? AND partition_id = ?');
    this.#load();
  }

  createTopic(spec: TopicSpec): void {
    this.transaction(() => {
      this.db.prepare('INSERT INTO topic VALUES (?, ?, ?, ?)').run(spec.name, spec.partitionCount, spec.cleanup, spec.retentionMs);
      const { next } = this.db.prepare('SELECT coalesce(max(id), 0) + 1 AS next FROM partition').get() as { next: number };
      if (next + spec.partitionCount > PARTITION_ID_MAX) throw new RangeError(`the embedded bus holds at most ${PARTITION_ID_MAX} partitions`);
      const insert = this.db.prepare('INSERT INTO partition VALUES (?, ?, ?, 0, 0, 0)');
      for (let number = 0; number < spec.partitionCount; number++) insert.run(next + number, spec.name, number);
    });
    this.#load();
  }

  setRetention(topic: StoredTopic, retentionMs: number | null): void {
    this.db.prepare('UPDATE topic SET retention_ms = ? WHERE name = ?').run(retentionMs, topic.name);
    topic.retentionMs = retentionMs;
  }

  /** Runs `work` so that all of it is kept or nothing; what it appended is forgotten again when it throws. */
  transaction(work: () => void): void {
    const before = new Map<StoredPartition, StoredPartition>();
    this.db.exec('BEGIN IMMEDIATE');
    this.#before = before;
    try {
      work();
      for (const at of this.#dirty) this.#position.run(at.low, at.high, at.lastTimestampUnixMs, at.id);
      this.db.exec('COMMIT');
    } catch (error) {
      for (const [partition, was] of before) Object.assign(partition, was);
      if (this.db.isTransaction) this.db.exec('ROLLBACK');
      throw error;
    } finally {
      this.#dirty.clear();
      this.#before = null;
    }
  }
  #before: Map<StoredPartition, StoredPartition> | null = null;

  /** Inside `transaction` only. */
  append(at: StoredPartition, record: SentRecord, nowUnixMs: number): void {
    this.touch(at);
    // Never backwards, even when the wall clock steps: retention reads from the oldest on and stops at the first young one.
    at.lastTimestampUnixMs = Math.max(at.lastTimestampUnixMs, nowUnixMs);
    this.#insert.run(rowId(at, at.high), at.lastTimestampUnixMs, record.key, record.value, record.headers);
    at.high++;
    at.uncompacted++;
  }

  /** Marks a partition whose position changes in this transaction. */
  touch(at: StoredPartition): void {
    if (this.#before !== null && !this.#before.has(at)) this.#before.set(at, { ...at });
    this.#dirty.add(at);
  }

  /** Records from `offset` on, in order: at most `recordsMax`, and no more bytes than `bytesMax` unless the first alone is larger. */
  read(at: StoredPartition, offset: number, recordsMax: number, bytesMax: number): StoredRecord[] {
    const found: StoredRecord[] = [];
    let bytes = 0;
    for (const row of this.#select.iterate(rowId(at, offset), rowId(at, at.high), recordsMax)) {
      const { id, timestamp, key, value, headers } = row as { id: number; timestamp: number; key: string | null; value: Uint8Array | null; headers: string | null };
      bytes += 64 + (key?.length ?? 0) + (value?.byteLength ?? 0) + (headers?.length ?? 0);
      if (found.length > 0 && bytes > bytesMax) break;
      found.push({ offset: id % OFFSETS_PER_PARTITION, timestampUnixMs: timestamp, key, value, headers });
    }
    return found;
  }

  committed(group: string, at: StoredPartition): number | null {
    return (this.#committed.get(group, at.id) as { next: number } | undefined)?.next ?? null;
  }

  commit(group: string, at: StoredPartition, nextOffset: number, nowUnixMs: number): void {
    this.#commit.run(group, at.id, nextOffset, nowUnixMs);
  }

  /** Forgets what groups committed before then and not since; those that have members now are kept. */
  forgetGroups(beforeUnixMs: number, isActive: (group: string) => boolean): void {
    const groups = this.db.prepare('SELECT consumer_group AS name FROM group_offset GROUP BY consumer_group HAVING max(committed_at) < ?').all(beforeUnixMs) as { name: string }[];
    const forget = this.db.prepare('DELETE FROM group_offset WHERE consumer_group = ?');
    for (const { name } of groups) if (!isActive(name)) forget.run(name);
  }

  close(): void {
    this.db.close();
  }

  #load(): void {
    const partitions = this.db.prepare('SELECT id, topic, number AS partition, low, high, last_timestamp AS lastTimestampUnixMs FROM partition WHERE topic = ? ORDER BY number');
    for (const row of this.db.prepare('SELECT name, cleanup, retention_ms AS retentionMs FROM topic').all()) {
      const topic = row as unknown as Omit<StoredTopic, 'partitions'>;
      if (this.topics.has(topic.name)) continue;
      this.topics.set(topic.name, { ...topic, partitions: partitions.all(topic.name).map((it) => ({ ...(it as unknown as StoredPartition), uncompacted: 0 })) });
    }
  }
}

/** Row id of an offset of a partition. */
export function rowId(at: StoredPartition, offset: number): number {
  return at.id * OFFSETS_PER_PARTITION + offset;
}
