/** The promise of the consumer, tried on real processes: killed with -9 again and again while records flow, each record is stored once. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ALL_TOPICS, encodeClusterEvent, encodeLog, EVENTS_TOPIC, LOGS_TOPIC, type MessageBus } from '@muster/contracts';
import { createMessageBus, type EmbeddedBroker, startEmbeddedBroker } from '@muster/messaging';
import { eventually, until } from '@muster/testing';
import type { ListOf, LogItem } from '../src/query/log-reader.js';
import { clusterEvent, logRecord } from '../testing/batches.js';
import { ConsumerProcess } from '../testing/consumer-process.js';
import { DATABASE_KINDS, newDatabase, type TestDatabase } from '../testing/databases.js';

const KILLS = 4;
const RECORDS = 6000;
const EVENTS = 60;

describe.each(DATABASE_KINDS)('killed with -9 while it stores into %s', (kind) => {
  let folder: string;
  let broker: EmbeddedBroker;
  let bus: MessageBus;
  let target: TestDatabase;
  let consumer: ConsumerProcess;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'muster-once-'));
    const socketPath = join(folder, 'bus.sock');
    broker = await startEmbeddedBroker({ socketPath, dataFile: join(folder, 'bus.db') });
    bus = createMessageBus(`embedded:${socketPath}`, { clientId: 'test' });
    await until('the bus is up', () => bus.status().state === 'up');
    await bus.ensureTopics(ALL_TOPICS);
    target = await newDatabase(kind);
    consumer = new ConsumerProcess({ busUrl: `embedded:${socketPath}`, databaseUrl: target.url, dataDir: folder });
  }, 120_000);
  afterAll(async () => {
    await consumer.kill();
    await bus.close();
    await broker.close();
    await target.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('every record is there exactly once, and every event', async () => {
    const ids: string[] = [];
    const publishing = publish(bus, ids);
    for (let kill = 0; kill < KILLS; kill++) {
      await consumer.start();
      await consumer.untilReady();
      await until('some records are stored', async () => (await consumer.storedCount()) > 0 || ids.length === RECORDS, 60_000);
      await consumer.kill();
    }
    await publishing;
    await consumer.start();
    await consumer.untilReady();
    await until('all are stored', async () => ((await consumer.get<{ count: number }>('/logs/count'))?.count ?? 0) >= RECORDS, 60_000);
    expect((await allLogs(consumer)).toSorted()).toEqual(ids.toSorted());
    const events = async () => (await consumer.get<ListOf<unknown>>('/events?limit=1000'))?.items.length ?? 0;
    expect(await eventually('all events are stored', events, (count) => count >= EVENTS, 60_000)).toBe(EVENTS);
    expect(await consumer.kill('SIGTERM')).toBe(0);
  }, 300_000);
});

/** Publishes so slowly that records flow during every kill. */
async function publish(bus: MessageBus, ids: string[]): Promise<void> {
  for (let index = 1; ids.length < RECORDS; index++) {
    const records = Array.from({ length: 50 }, (_, place) => logRecord({ source: `source-${(index + place) % 24}`, message: `line ${index}.${place}` }));
    await bus.publish(LOGS_TOPIC.name, records.map((record) => ({ key: record.source, value: encodeLog(record) })));
    if (index <= EVENTS) await bus.publish(EVENTS_TOPIC.name, [{ key: 'node-1', value: encodeClusterEvent(clusterEvent({ index })) }]);
    ids.push(...records.map(({ id }) => id));
    await pause(100);
  }
}

async function allLogs(consumer: ConsumerProcess): Promise<string[]> {
  const found: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const path: string = `/logs?limit=1000${cursor === '' ? '' : `&cursor=${cursor}`}`;
    const page: ListOf<LogItem> = await until(`${path} is answered`, () => consumer.get<ListOf<LogItem>>(path));
    found.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor;
  }
  return found;
}
