import { RecordStore, type StoredPartition } from './record-store.js';
import { forget, type RetentionRules } from './retention.js';

const HOUR_MS = 3_600_000;
const RULES: RetentionRules = { tombstoneMs: 1000, compactAfterRecords: 1, dataBytesMax: 1_000_000_000, groupMs: HOUR_MS };

describe('forgetting on the embedded bus', () => {
  let store: RecordStore;
  const partition = (topic: string): StoredPartition => store.topics.get(topic)?.partitions[0] as StoredPartition;
  const append = (at: StoredPartition, nowUnixMs: number, ...records: readonly (readonly [string, string | null])[]): void =>
    store.transaction(() => {
      for (const [key, value] of records) store.append(at, { key, value: value === null ? null : Buffer.from(value), headers: null }, nowUnixMs);
    });
  const kept = (at: StoredPartition): string[] => store.read(at, at.low, 100_000, 1e9).map((record) => `${record.offset}:${record.key}=${record.value === null ? '' : Buffer.from(record.value).toString()}`);

  beforeEach(() => {
    store = new RecordStore(':memory:');
    store.createTopic({ name: 'old', partitionCount: 1, cleanup: 'delete', retentionMs: HOUR_MS });
    store.createTopic({ name: 'latest', partitionCount: 1, cleanup: 'compact', retentionMs: null });
  });
  afterEach(() => store.close());

  it('drops what is older than the topic keeps, and goes on counting offsets', () => {
    const at = partition('old');
    append(at, 0, ['a', '1'], ['b', '2']);
    append(at, HOUR_MS, ['c', '3']);
    forget(store, RULES, HOUR_MS + 1);
    expect(kept(at)).toEqual(['2:c=3']);
    forget(store, RULES, 3 * HOUR_MS);
    append(at, 3 * HOUR_MS, ['d', '4']);
    expect(kept(at)).toEqual(['3:d=4']);
    expect(at.low).toBe(3);
  });

  it('keeps nothing waiting: many old records go in steps', () => {
    const at = partition('old');
    store.transaction(() => {
      for (let n = 0; n < 5000; n++) store.append(at, { key: 'k', value: null, headers: null }, 0);
    });
    expect(forget(store, RULES, 2 * HOUR_MS)).toBe(true);
    expect(at.low).toBe(2000);
    expect([forget(store, RULES, 2 * HOUR_MS), forget(store, RULES, 2 * HOUR_MS)]).toEqual([true, false]);
    expect(at.low).toBe(5000);
  });

  it('keeps the latest of each key on a compacted topic, for ever', () => {
    const at = partition('latest');
    append(at, 0, ['a', '1'], ['b', '1'], ['a', '2'], ['a', '3']);
    forget(store, RULES, 1000 * HOUR_MS);
    expect(kept(at)).toEqual(['1:b=1', '3:a=3']);
  });

  it('keeps a tombstone for as long as readers may be away, then forgets the key', () => {
    const at = partition('latest');
    append(at, 0, ['a', '1'], ['b', '1'], ['a', null]);
    forget(store, RULES, 999);
    expect(kept(at)).toEqual(['1:b=1', '2:a=']);
    append(at, 2000, ['b', '2']);
    forget(store, RULES, 2001);
    expect(kept(at)).toEqual(['3:b=2']);
  });

  it('drops the oldest of the longest partition when the file grows too large', () => {
    const at = partition('old');
    store.transaction(() => {
      for (let n = 0; n < 3000; n++) store.append(at, { key: 'k', value: new Uint8Array(500), headers: null }, 0);
    });
    expect(forget(store, { ...RULES, dataBytesMax: 500_000 }, 1)).toBe(true);
    expect(at.low).toBe(2000);
  });

  it('forgets the offsets of groups that are gone, and of no other', () => {
    const at = partition('old');
    store.commit('gone', at, 5, 0);
    store.commit('reading', at, 6, 0);
    store.commit('recent', at, 7, HOUR_MS);
    forget(store, RULES, HOUR_MS + 1, (group) => group === 'reading');
    expect(['gone', 'reading', 'recent'].map((group) => store.committed(group, at))).toEqual([null, 6, 7]);
  });

  it('forgets what a failed transaction appended', () => {
    const at = partition('old');
    append(at, 0, ['a', '1']);
    expect(() =>
      store.transaction(() => {
        store.append(at, { key: 'b', value: null, headers: null }, 0);
        throw new Error('disk full');
      }),
    ).toThrow('disk full');
    append(at, 0, ['c', '3']);
    expect(kept(at)).toEqual(['0:a=1', '1:c=3']);
  });
});
