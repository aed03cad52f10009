import { encodeLog, LOGS_TOPIC, RetryLater, type TopicPartition } from '@muster/contracts';
import fc from 'fast-check';
import type { Database } from '../src/database/database.js';
import { EVENT_TABLE } from '../src/sink/event-table.js';
import { LOG_TABLE } from '../src/sink/log-table.js';
import { batchOf, brakeEvent, clusterEvent, eventBatch, logRecord, logs } from '../testing/batches.js';
import { DATABASE_KINDS, newDatabase, type TestDatabase } from '../testing/databases.js';
import { countOf, openDatabase, replica, rowsOf } from '../testing/sink-fixture.js';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const P0: TopicPartition = { topic: LOGS_TOPIC.name, partition: 0 };

describe.each(DATABASE_KINDS)('the sink on %s', (kind) => {
  let target: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    target = await newDatabase(kind);
    database = await openDatabase(target.url);
  }, 120_000);
  afterAll(async () => {
    await database.stop();
    await target.drop();
  });
  beforeEach(() => database.use((dataSource) => dataSource.query('TRUNCATE log_record, cluster_event, member_state, bus_position')));

  test('a batch and its position are stored together, and a repeat stores nothing', async () => {
    const { positions, writer, metrics } = replica(database, LOG_TABLE);
    expect(await positions.assign([P0])).toEqual(new Map());
    const batch = batchOf({ first: 5, values: logs(10) });
    await writer.write(batch);
    await writer.write(batch);
    expect(await countOf(database, 'log_record')).toBe(10);
    expect(metrics.totals()).toMatchObject({ stored: { 'logs.records': 10 }, duplicates: 10 });
    expect(await positions.assign([P0])).toEqual(new Map([['logs.records/0', 15n]]));
  });

  test('a batch of which a part was stored adds the rest only', async () => {
    const { positions, writer } = replica(database, LOG_TABLE);
    await positions.assign([P0]);
    const values = logs(10);
    await writer.write(batchOf({ values: values.slice(0, 4), highWatermark: 10 }));
    await writer.write(batchOf({ values }));
    expect(await countOf(database, 'log_record')).toBe(10);
  });

  test('a record that its producer sent twice is stored once', async () => {
    const { positions, writer } = replica(database, LOG_TABLE);
    await positions.assign([P0]);
    const twice = encodeLog(logRecord());
    await writer.write(batchOf({ values: [twice, twice, encodeLog(logRecord())] }));
    await writer.write(batchOf({ first: 3, values: [twice] }));
    expect(await countOf(database, 'log_record')).toBe(2);
  });

  test('a consumer that slept through a takeover cannot write any more', async () => {
    const old = replica(database, LOG_TABLE);
    const heir = replica(database, LOG_TABLE);
    await old.positions.assign([P0]);
    await old.writer.write(batchOf({ values: logs(3) }));
    expect(await heir.positions.assign([P0])).toEqual(new Map([['logs.records/0', 3n]]));
    await expect(old.writer.write(batchOf({ first: 3, values: logs(3) }))).rejects.toThrow(RetryLater);
    expect(database.state().state).toBe('up');
    await heir.writer.write(batchOf({ first: 3, values: logs(4) }));
    expect(await countOf(database, 'log_record')).toBe(7);
  });

  test('a consumer that was never given the partition waits', async () => {
    await expect(replica(database, LOG_TABLE).writer.write(batchOf({ values: logs(1) }))).rejects.toThrow(/has no position yet/);
  });

  test('what cannot be read becomes a dead letter with the reason, and its neighbours are stored', async () => {
    const { positions, writer } = replica(database, LOG_TABLE);
    await positions.assign([P0]);
    const future = text(JSON.stringify({ ...logRecord(), v: 9 }));
    const tooLate = text(JSON.stringify(logRecord({ timeUnixMs: Number.MAX_SAFE_INTEGER })));
    const batch = batchOf({ values: [...logs(1), text('not json'), null, future, tooLate, ...logs(2)] });
    await writer.write(batch);
    expect(await countOf(database, 'log_record')).toBe(3);
    expect(batch.deadLetters.map(({ offset }) => offset)).toEqual([1n, 2n, 3n, 4n]);
    expect(batch.deadLetters.map(({ reason }) => reason)).toEqual([expect.stringMatching(/not JSON/), expect.stringMatching(/no value/), expect.stringMatching(/version 9/), expect.stringMatching(/year 10000/)]);
  });

  test('a batch that comes again, because the database was away, does not send its dead letters again', async () => {
    let isAway = false;
    const flaky = Object.assign(Object.create(database) as Database, {
      use: <T>(work: Parameters<Database['use']>[0]): Promise<T> => (isAway ? Promise.reject(new Error('away')) : (database.use(work) as Promise<T>)),
    });
    const { positions, writer } = replica(flaky, LOG_TABLE);
    await positions.assign([P0]);
    const batch = batchOf({ values: [...logs(1), text('not json')] });
    isAway = true;
    await expect(writer.write(batch)).rejects.toThrow(RetryLater);
    isAway = false;
    await writer.write(batch);
    expect(batch.deadLetters.map(({ offset }) => offset)).toEqual([1n]);
    expect(await countOf(database, 'log_record')).toBe(1);
  });

  test('what the database refuses becomes a dead letter alone, whatever its place in the batch', async () => {
    const { positions, writer } = replica(database, EVENT_TABLE);
    await positions.assign([{ topic: 'cluster.events', partition: 0 }]);
    const events = Array.from({ length: 9 }, (_, index) => clusterEvent({ index: index + 1, ...(index === 6 ? { time: '0000-01-01T00:00:00Z' } : {}) }));
    const batch = eventBatch(events);
    await writer.write(batch);
    expect(batch.deadLetters).toEqual([{ offset: 6n, reason: expect.stringMatching(/cannot be stored: .*0000-01-01/) }]);
    expect(await countOf(database, 'cluster_event')).toBe(8);
    expect(await positions.assign([{ topic: 'cluster.events', partition: 0 }])).toEqual(new Map([['cluster.events/0', 9n]]));
  });

  test('text that PostgreSQL cannot hold is stored with a mark in its place', async () => {
    const { positions, writer } = replica(database, LOG_TABLE);
    await positions.assign([P0]);
    const batch = batchOf({ values: [text(JSON.stringify(logRecord({ message: 'a\u0000b', attributes: { 'k\u0000': '\ud800' } })))] });
    await writer.write(batch);
    expect(await rowsOf(database, 'SELECT message, attributes FROM log_record')).toEqual([{ message: 'a\uFFFDb', attributes: { 'k\uFFFD': '\uFFFD' } }]);
  });

  test('a topic that was made anew is read from its beginning, and repeats in it are dropped by id', async () => {
    const { positions, writer } = replica(database, LOG_TABLE);
    await positions.assign([P0]);
    const values = logs(10);
    await writer.write(batchOf({ values }));
    await writer.write(batchOf({ values: [...values.slice(0, 1), ...logs(2)] }));
    expect(await countOf(database, 'log_record')).toBe(12);
    expect(await rowsOf(database, 'SELECT topic_generation, next_offset FROM bus_position')).toEqual([{ topic_generation: 1, next_offset: '3' }]);
  });

  test('the state of a member never goes back, in whatever order events arrive', async () => {
    const at = { topic: 'cluster.events', partition: 0 };
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 5 }), async (indexes, size) => {
        await database.use((dataSource) => dataSource.query('TRUNCATE cluster_event, member_state, bus_position'));
        const { positions, writer } = replica(database, EVENT_TABLE);
        await positions.assign([at]);
        for (let from = 0; from < indexes.length; from += size) {
          await writer.write(eventBatch(indexes.slice(from, from + size).map((index) => clusterEvent({ index, nodeId: `node-${index % 3}`, to: index % 2 === 0 ? 'DOWN' : 'HEALTHY' })), from));
        }
        const latest = [...Map.groupBy(indexes, (index) => index % 3)].map(([node, own]) => ({ node_id: `node-${node}`, log_index: String(Math.max(...own)) }));
        expect(await rowsOf(database, 'SELECT node_id, log_index FROM member_state ORDER BY node_id')).toEqual(latest.toSorted((a, b) => (a.node_id < b.node_id ? -1 : 1)));
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  test('changes of one log entry are all kept, a repeat stores none again, and the last one about a member is its state', async () => {
    const at = { topic: 'cluster.events', partition: 0 };
    const { positions, writer, metrics } = replica(database, EVENT_TABLE);
    await positions.assign([at]);
    const entry = [clusterEvent({ index: 7, to: 'SUSPECT' }), clusterEvent({ index: 7, ordinal: 1, to: 'DOWN' }), brakeEvent(7, 2), clusterEvent({ index: 7, ordinal: 3, nodeId: 'node-2', to: 'SUSPECT' }), clusterEvent({ index: 7, ordinal: 4, nodeId: 'node-2', to: 'DOWN' })];
    await writer.write(eventBatch(entry.slice(0, 1)));
    await writer.write(eventBatch(entry.slice(1), 1));
    // A publisher that was interrupted tells the whole entry again, behind what it had told.
    const again = eventBatch(entry, 5);
    await writer.write(again);
    expect(again.deadLetters).toEqual([]);
    expect(await rowsOf(database, 'SELECT event_id, to_status FROM cluster_event ORDER BY event_id')).toEqual([
      { event_id: 'muster/1/7', to_status: 'SUSPECT' },
      { event_id: 'muster/1/7/1', to_status: 'DOWN' },
      { event_id: 'muster/1/7/2', to_status: 'BRAKE_ENGAGED' },
      { event_id: 'muster/1/7/3', to_status: 'SUSPECT' },
      { event_id: 'muster/1/7/4', to_status: 'DOWN' },
    ]);
    expect(await rowsOf(database, 'SELECT node_id, log_ordinal, status FROM member_state ORDER BY node_id')).toEqual([{ node_id: 'node-1', log_ordinal: 1, status: 'DOWN' }, { node_id: 'node-2', log_ordinal: 4, status: 'DOWN' }]);
    expect(metrics.totals()).toMatchObject({ duplicates: 5 });
  });

  test('an update of a member is its state too, and no transition', async () => {
    const { positions, writer } = replica(database, EVENT_TABLE);
    await positions.assign([{ topic: 'cluster.events', partition: 0 }]);
    await writer.write(eventBatch([clusterEvent({ index: 1, to: 'DEGRADED' }), clusterEvent({ index: 2, to: 'DEGRADED', update: 'cordoned by ada' })]));
    expect(await rowsOf(database, 'SELECT to_status FROM cluster_event ORDER BY log_index')).toEqual([{ to_status: 'DEGRADED' }, { to_status: 'UPDATED' }]);
    expect(await rowsOf(database, 'SELECT log_index, status FROM member_state')).toEqual([{ log_index: '2', status: 'DEGRADED' }]);
  });

  test('any order of deliveries, crashes and takeovers stores every record once', async () => {
    const step = fc.record({ from: fc.nat(30), count: fc.integer({ min: 1, max: 10 }), by: fc.nat(1), takeOver: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        await database.use((dataSource) => dataSource.query('TRUNCATE log_record, bus_position'));
        const values = logs(40);
        const replicas = [replica(database, LOG_TABLE), replica(database, LOG_TABLE)] as const;
        let next = 0;
        const deliver = async (who: 0 | 1, from: number, count: number): Promise<void> => {
          const slice = values.slice(from, from + count);
          // A bus never leaves records out: what begins beyond the position was not handed out.
          if (from > next || slice.length === 0) return;
          const fenced = await replicas[who].writer.write(batchOf({ first: from, values: slice, highWatermark: 40 })).catch((error: unknown) => error);
          if (fenced === undefined) next = Math.max(next, from + slice.length);
        };
        for (const { from, count, by, takeOver } of steps) {
          const who = by === 0 ? 0 : 1;
          if (takeOver) await replicas[who].positions.assign([P0]);
          await deliver(who, from, count);
        }
        await replicas[0].positions.assign([P0]);
        await deliver(0, next, 40);
        expect(await countOf(database, 'log_record')).toBe(40);
        expect(await rowsOf(database, 'SELECT DISTINCT topic_generation FROM log_record')).toEqual([{ topic_generation: 0 }]);
      }),
      { numRuns: 25 },
    );
  }, 60_000);
});
