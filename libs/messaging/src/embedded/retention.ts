/** Forgets records of the embedded bus: too old, superseded by a later one of the same key, or simply too many for the file. */
import { type RecordStore, rowId, type StoredPartition, type StoredTopic } from './record-store.js';

export interface RetentionRules {
  /** How long a tombstone stays, so that readers who were away learn of it. Milliseconds. */
  readonly tombstoneMs: number;
  /** Appends to a partition after which it is compacted. Count. */
  readonly compactAfterRecords: number;
  /** Size of the file above which the oldest records go, read or not. Bytes. */
  readonly dataBytesMax: number;
  /** How long the offsets of a group without members are kept. Milliseconds. */
  readonly groupMs: number;
}

/** Rows deleted in one step, so that no step keeps publishers waiting. Count. */
const STEP_ROWS = 2000;

/** One step of housekeeping; returns whether more is waiting. */
export function forget(store: RecordStore, rules: RetentionRules, nowUnixMs: number, isActive: (group: string) => boolean = () => false): boolean {
  let more = false;
  store.forgetGroups(nowUnixMs - rules.groupMs, isActive);
  for (const topic of store.topics.values()) {
    for (const at of topic.partitions) {
      if (topic.cleanup === 'compact') compact(store, at, rules, nowUnixMs);
      else if (topic.retentionMs !== null) more = dropOlder(store, at, nowUnixMs - topic.retentionMs) || more;
    }
  }
  return dropForSpace(store, rules.dataBytesMax) || more;
}

function dropOlder(store: RecordStore, at: StoredPartition, beforeUnixMs: number): boolean {
  const row = store.db
    .prepare('SELECT max(id) AS last, count(*) AS count FROM (SELECT id, timestamp FROM record WHERE id >= ? AND id < ? ORDER BY id LIMIT ?) WHERE timestamp < ?')
    .get(rowId(at, at.low), rowId(at, at.high), STEP_ROWS, beforeUnixMs) as { last: number | null; count: number };
  if (row.last === null) return false;
  dropThrough(store, at, row.last);
  return row.count === STEP_ROWS;
}

function dropThrough(store: RecordStore, at: StoredPartition, lastId: number): void {
  store.transaction(() => {
    store.db.prepare('DELETE FROM record WHERE id >= ? AND id <= ?').run(rowId(at, 0), lastId);
    store.touch(at);
    at.low = lastId - rowId(at, 0) + 1;
  });
}

function compact(store: RecordStore, at: StoredPartition, rules: RetentionRules, nowUnixMs: number): void {
  if (at.uncompacted < rules.compactAfterRecords) return;
  const [from, to] = [rowId(at, 0), rowId(at, at.high)];
  store.transaction(() => {
    store.db.prepare('DELETE FROM record WHERE id >= ? AND id < ? AND id NOT IN (SELECT max(id) FROM record WHERE id >= ? AND id < ? GROUP BY key)').run(from, to, from, to);
    store.db.prepare('DELETE FROM record WHERE id >= ? AND id < ? AND value IS NULL AND timestamp < ?').run(from, to, nowUnixMs - rules.tombstoneMs);
  });
  at.uncompacted = 0;
}

function dropForSpace(store: RecordStore, dataBytesMax: number): boolean {
  const { used } = store.db.prepare('SELECT (page_count - freelist_count) * page_size AS used FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()').get() as { used: number };
  if (used <= dataBytesMax) return false;
  const longest = [...store.topics.values()].filter((topic) => topic.cleanup === 'delete').flatMap((topic: StoredTopic) => topic.partitions).toSorted((a, b) => b.high - b.low - (a.high - a.low))[0];
  if (longest === undefined || longest.high === longest.low) return false;
  const row = store.db.prepare('SELECT max(id) AS last FROM (SELECT id FROM record WHERE id >= ? AND id < ? ORDER BY id LIMIT ?)').get(rowId(longest, longest.low), rowId(longest, longest.high), STEP_ROWS) as { last: number | null };
  if (row.last === null) return false;
  dropThrough(store, longest, row.last);
  return true;
}
