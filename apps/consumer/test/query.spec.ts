import { encodeLog, EVENTS_TOPIC, LOG_LEVELS, type LogRecord, LOGS_TOPIC } from '@muster/contracts';
import fc from 'fast-check';
import type { Database } from '../src/database/database.js';
import type { LogFilter } from '../src/query/filters.js';
import { decodeCursor } from '../src/query/cursor.js';
import { LogReader } from '../src/query/log-reader.js';
import { EVENT_TABLE } from '../src/sink/event-table.js';
import { LOG_TABLE } from '../src/sink/log-table.js';
import { batchOf, brakeEvent, clusterEvent, eventBatch, logRecord } from '../testing/batches.js';
import { DATABASE_KINDS, newDatabase, type TestDatabase } from '../testing/databases.js';
import { openDatabase, replica } from '../testing/sink-fixture.js';

const BASE_MS = 1_760_000_000_000;
const MESSAGES = ['disk full', 'Disk is 50% full', 'took 5_0 ms', 'a\\b', 'ok'];

/** Many records share a time, so that pages break within equal times. */
const records: LogRecord[] = Array.from({ length: 240 }, (_, index) =>
  logRecord({ timeUnixMs: BASE_MS + Math.floor(index / 40) * 1000, level: LOG_LEVELS[index % 6] ?? 'info', service: index % 3 === 0 ? 'orders' : 'payments', message: MESSAGES[index % 5] ?? '' }),
);
const newestFirst = (a: LogRecord, b: LogRecord): number => b.timeUnixMs - a.timeUnixMs || (a.id < b.id ? 1 : -1);

function expectedIds({ from, to, level, service, q }: LogFilter): string[] {
  return records
    .filter((record) => (from === undefined || record.timeUnixMs >= from.getTime()) && (to === undefined || record.timeUnixMs < to.getTime()))
    .filter((record) => (level === undefined || level.includes(record.level)) && (service === undefined || record.service === service))
    .filter((record) => q === undefined || record.message.toLowerCase().includes(q.toLowerCase()))
    .toSorted(newestFirst)
    .map(({ id }) => id);
}

describe.each(DATABASE_KINDS)('queries on %s', (kind) => {
  let target: TestDatabase;
  let database: Database;
  let reader: LogReader;
  beforeAll(async () => {
    target = await newDatabase(kind);
    database = await openDatabase(target.url);
    reader = new LogReader(database);
    const logSink = replica(database, LOG_TABLE);
    await logSink.positions.assign([{ topic: LOGS_TOPIC.name, partition: 0 }]);
    await logSink.writer.write(batchOf({ values: records.map(encodeLog) }));
    const eventSink = replica(database, EVENT_TABLE);
    await eventSink.positions.assign([{ topic: EVENTS_TOPIC.name, partition: 0 }]);
    await eventSink.writer.write(eventBatch(Array.from({ length: 30 }, (_, at) => clusterEvent({ index: at + 1, nodeId: `node-${at % 3}`, to: at % 2 === 0 ? 'DOWN' : 'HEALTHY', time: new Date(BASE_MS + Math.floor(at / 10) * 1000).toISOString() }))));
  }, 120_000);
  afterAll(async () => {
    await database.stop();
    await target.drop();
  });

  async function pages(filter: LogFilter, limit: number): Promise<string[]> {
    const found: string[] = [];
    let text: string | null = null;
    do {
      const cursor = text === null ? undefined : (decodeCursor(text) ?? undefined);
      const page = await reader.logs({ ...filter, limit, cursor });
      found.push(...page.items.map(({ id }) => id));
      text = page.nextCursor;
    } while (text !== null);
    return found;
  }

  const second = fc.integer({ min: -1, max: 8 }).map((at) => new Date(BASE_MS + at * 1000));
  const filter = fc.record({ from: second, to: second, level: fc.uniqueArray(fc.constantFrom(...LOG_LEVELS), { minLength: 1 }), service: fc.constantFrom('orders', 'payments', 'other'), q: fc.constantFrom('disk', '50%', '_0', '\\', 'nothing', '%') }, { requiredKeys: [] });

  test('pages of any size hold what the filter asks for, newest first, each record once; and the count agrees', async () => {
    await fc.assert(
      fc.asyncProperty(filter, fc.integer({ min: 1, max: 300 }), async (asked, limit) => {
        const expected = expectedIds(asked);
        expect(await pages(asked, Math.max(limit, 20))).toEqual(expected);
        expect(await reader.count(asked)).toBe(expected.length);
      }),
      { numRuns: 40 },
    );
  }, 120_000);

  test('a record comes back as it went in', async () => {
    const [newest] = records.toSorted(newestFirst);
    const { items } = await reader.logs({ limit: 1 });
    expect(items).toEqual([expect.objectContaining({ id: newest?.id, time: new Date(newest?.timeUnixMs ?? 0).toISOString(), level: newest?.level, message: newest?.message, attributes: {} })]);
  });

  test('updates and brakes are history, and are found by what happened', async () => {
    const sink = replica(database, EVENT_TABLE);
    await sink.positions.assign([{ topic: EVENTS_TOPIC.name, partition: 1 }]);
    const several = [clusterEvent({ index: 90, nodeId: 'node-9', update: 'drained by ada' }), clusterEvent({ index: 90, ordinal: 1, nodeId: 'node-8', to: 'DOWN' }), brakeEvent(90, 2)];
    const batch = { ...eventBatch(several), partition: 1 };
    await sink.writer.write(batch);
    expect(batch.deadLetters).toEqual([]);
    const found = async (status: string): Promise<string[]> => (await reader.events({ limit: 100, status: [status], from: new Date('2026-01-01') })).items.map(({ id }) => id);
    expect(await found('UPDATED')).toEqual(['muster/1/90']);
    expect(await found('HEALTHY')).toEqual([]);
    expect(await found('DOWN')).toEqual(['muster/1/90/1']);
    expect(await found('BRAKE_ENGAGED')).toEqual(['muster/1/90/2']);
    await database.use((dataSource) => dataSource.query("DELETE FROM cluster_event WHERE time >= '2026-01-01'"));
  });

  test('events are found by node, status and time, page by page', async () => {
    const first = await reader.events({ limit: 20 });
    const rest = await reader.events({ limit: 20, cursor: decodeCursor(first.nextCursor ?? '') ?? undefined });
    const ids = [...first.items, ...rest.items].map(({ id }) => id);
    expect(new Set(ids).size).toBe(30);
    expect(rest.nextCursor).toBeNull();
    const down = await reader.events({ limit: 100, nodeId: 'node-1', status: ['DOWN'], from: new Date(BASE_MS + 1000) });
    expect(down.items.length).toBeGreaterThan(0);
    expect(down.items.every((event) => event.subject === 'node-1' && event.type === 'io.muster.member.down.v1' && Date.parse(event.time) >= BASE_MS + 1000)).toBe(true);
  });
});
