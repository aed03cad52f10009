/** The consumer as a whole service while its database is away: batches wait, nothing becomes a dead letter, nothing is lost. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALL_TOPICS, deadLetterTopic, encodeLog, LOGS_TOPIC, type MessageBus } from '@muster/contracts';
import { createMessageBus, type EmbeddedBroker, startEmbeddedBroker } from '@muster/messaging';
import { type RunningService, startService } from '@muster/observability';
import { until } from '@muster/testing';
import { consumerService } from '../src/consumer-service.js';
import { logRecord } from '../testing/batches.js';
import { Cable } from '../testing/cable.js';
import { DATABASE_KINDS, newDatabase, type TestDatabase } from '../testing/databases.js';

const onServer = DATABASE_KINDS.includes('postgres') ? describe : describe.skip;
onServer('with a PostgreSQL server that goes away and comes back', () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-outage-'));
  const busUrl = `embedded:${join(folder, 'bus.sock')}`;
  let broker: EmbeddedBroker;
  let bus: MessageBus;
  let target: TestDatabase;
  let cable: Cable;
  let service: RunningService;
  let deadLetters = 0;

  beforeAll(async () => {
    broker = await startEmbeddedBroker({ socketPath: join(folder, 'bus.sock'), dataFile: join(folder, 'bus.db') });
    bus = createMessageBus(busUrl, { clientId: 'test' });
    await until('the bus is up', () => bus.status().state === 'up');
    await bus.ensureTopics(ALL_TOPICS);
    await bus.subscribe({ topics: [deadLetterTopic(LOGS_TOPIC.name).name], group: 'test', from: 'earliest', onBatch: async ({ records }) => void (deadLetters += records.length) });
    target = await newDatabase('postgres');
    cable = new Cable(new URL(target.url));
    await cable.mend();
    const url = new URL(target.url);
    url.port = String(cable.port);
    service = await startService(
      consumerService({ MUSTER_BUS_URL: busUrl, MUSTER_DATABASE_URL: url.href, MUSTER_HTTP_HOST: '127.0.0.1', MUSTER_HTTP_PORT: '0', MUSTER_NODE_ID: 'consumer-test', MUSTER_CLUSTER_COORDINATORS: 'http://127.0.0.1:1', MUSTER_LOG_LEVEL: 'silent' }),
    );
  });
  afterAll(async () => {
    await service.close();
    await bus.close();
    await broker.close();
    cable.cut();
    await target.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  const publish = (count: number): Promise<void> => bus.publish(LOGS_TOPIC.name, Array.from({ length: count }, () => ({ key: null, value: encodeLog(logRecord()) })));
  const ask = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${service.port}${path}`);
  const count = async (): Promise<number> => ((await (await ask('/logs/count')).json()) as { count: number }).count;
  /** How often a handler asked to be called again later. */
  const waits = async (): Promise<number> => {
    const text = await service.host.metrics.metrics();
    return [...text.matchAll(/^messaging_batch_retries_total\{[^}]*why="later"[^}]*\} (\d+)/gm)].reduce((sum, match) => sum + Number(match[1]), 0);
  };

  test('batches wait for as long as it takes, queries and readiness say why, then all are stored', async () => {
    await publish(100);
    await until('the first are stored', async () => (await count()) === 100);
    cable.cut();
    await publish(200);
    await until('batches were asked for again and again', async () => (await waits()) >= 12);
    expect((await ask('/health/ready')).status).toBe(503);
    const refused = await ask('/logs');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await refused.json()).toMatchObject({ code: 'DATABASE_DOWN' });
    await cable.mend();
    await until('all are stored', async () => (await ask('/health/ready')).ok && (await count()) === 300);
    expect(deadLetters).toBe(0);
  }, 120_000);
});
