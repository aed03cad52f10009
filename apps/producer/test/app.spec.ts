/** The producer as a whole service, on the embedded bus. */
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeLog, errorBodySchema, LOGS_TOPIC, type LogRecord, type MessageBus } from '@muster/contracts';
import { createMessageBus, type EmbeddedBroker, startEmbeddedBroker } from '@muster/messaging';
import { type RunningService, startService } from '@muster/observability';
import { until } from '@muster/testing';
import { producerService } from '../src/producer-service.js';
import type { ProducerStats } from '../src/stats.controller.js';

const folder = mkdtempSync(join(tmpdir(), 'muster-producer-'));
const socketPath = join(folder, 'bus.sock');
const file = join(folder, 'app.log');
const onBus: LogRecord[] = [];
const good = { level: 'info', service: 'orders', message: 'hello' };

let broker: EmbeddedBroker;
let reader: MessageBus;
let service: RunningService;

const startBroker = (): Promise<EmbeddedBroker> => startEmbeddedBroker({ socketPath, dataFile: join(folder, 'bus.db') });

beforeAll(async () => {
  broker = await startBroker();
  reader = createMessageBus(`embedded:${socketPath}`, { clientId: 'test' });
  const env = {
    MUSTER_BUS_URL: `embedded:${socketPath}`,
    MUSTER_HTTP_HOST: '127.0.0.1',
    MUSTER_HTTP_PORT: '0',
    MUSTER_NODE_ID: 'producer-test',
    MUSTER_NODE_DATA_DIR: folder,
    MUSTER_CLUSTER_COORDINATORS: 'http://127.0.0.1:1',
    MUSTER_LOG_LEVEL: 'silent',
    MUSTER_PRODUCER_RATE_PER_SECOND: '20',
    MUSTER_PRODUCER_FILE: file,
    MUSTER_PRODUCER_FILE_POLL_MS: '20',
    MUSTER_PRODUCER_BODY_BYTES_MAX: '100000',
  };
  service = await startService(producerService(env));
  await until('ready', () => service.host.health.readiness().ready);
  await reader.subscribe({
    topics: [LOGS_TOPIC.name],
    group: 'test',
    from: 'earliest',
    onBatch: async ({ records }) => {
      for (const { value } of records) {
        const decoded = decodeLog(value ?? new Uint8Array());
        if (decoded.kind === 'ok') onBus.push(decoded.value);
      }
    },
  });
});

afterAll(async () => {
  await service.close();
  await reader.close();
  await broker.close();
  rmSync(folder, { recursive: true, force: true });
});

const url = (path: string): string => `http://127.0.0.1:${service.port}${path}`;
const post = (body: unknown): Promise<Response> => fetch(url('/logs'), { method: 'POST', headers: { 'content-type': 'application/json' }, body: typeof body === 'string' ? body : JSON.stringify(body) });
const stats = async (): Promise<ProducerStats> => (await (await fetch(url('/stats'))).json()) as ProducerStats;
const find = (id: string): LogRecord | undefined => onBus.find((record) => record.id === id);

test('one record is acknowledged once the bus has it', async () => {
  const response = await post(good);
  expect(response.status).toBe(202);
  const { accepted, ids } = (await response.json()) as { accepted: number; ids: string[] };
  expect(accepted).toBe(1);
  await until('it is on the bus', () => find(ids[0] ?? '') !== undefined);
  expect(find(ids[0] ?? '')).toMatchObject({ ...good, source: 'orders', producerId: 'producer-test' });
});

test('an array is taken in order, with the ids that clients chose', async () => {
  const id = 'a0000000-0000-4000-8000-000000000001';
  const response = await post([{ ...good, id }, good]);
  expect(await response.json()).toEqual({ accepted: 2, ids: [id, expect.any(String)] });
});

test('one bad record: 400 names it, and nothing of the rest is taken', async () => {
  const before = onBus.filter(({ message }) => message === 'half').length;
  const response = await post([{ ...good, message: 'half' }, { ...good, level: 'loud' }]);
  expect(response.status).toBe(400);
  expect(errorBodySchema.parse(await response.json())).toMatchObject({ code: 'LOG_INPUT_INVALID', message: expect.stringMatching(/\[1\]\.level: is "loud"/) });
  expect(onBus.filter(({ message }) => message === 'half')).toHaveLength(before);
});

const refused: ReadonlyArray<{ name: string; body: string; status: number; says: RegExp }> = [
  { name: 'broken JSON', body: '{"level":', status: 400, says: /JSON/ },
  { name: 'no records', body: '[]', status: 400, says: /array is empty/ },
  { name: 'too large a body', body: JSON.stringify(Array.from({ length: 5 }, () => ({ ...good, message: 'x'.repeat(30_000) }))), status: 413, says: /at most 100000 are taken: send fewer/ },
];
test.each(refused)('$name is answered with $status and says why', async ({ body, status, says }) => {
  const response = await post(body);
  expect(response.status).toBe(status);
  expect(errorBodySchema.parse(await response.json()).message).toMatch(says);
});

test('records are made up at the set rate and counted', async () => {
  const before = await stats();
  await until('forty more', async () => (await stats()).acknowledged >= before.acknowledged + 40);
  const after = await stats();
  expect(after).toMatchObject({ ratePerSecond: 20, failed: before.failed });
  expect(after.acknowledged).toBeLessThanOrEqual(after.produced);
  const metrics = await (await fetch(url('/metrics'))).text();
  expect(metrics).toMatch(/producer_records_acknowledged_total\{[^}]*origin="generated"[^}]*\} \d+/);
});

test('a followed file flows to the bus', async () => {
  appendFileSync(file, '{"level":"warn","service":"legacy","msg":"from a file"}\n');
  await until('the line is on the bus', () => onBus.some(({ message }) => message === 'from a file'));
  expect(onBus.find(({ message }) => message === 'from a file')).toMatchObject({ level: 'warn', service: 'legacy', source: file });
});

test('while the bus is away a post is refused with 503 and Retry-After, readiness says why, and the file waits', async () => {
  await broker.close();
  await until('the bus is known to be away', () => !service.host.health.readiness().ready);
  const response = await post(good);
  expect(response.status).toBe(503);
  expect(response.headers.get('retry-after')).toBe('1');
  expect(errorBodySchema.parse(await response.json())).toMatchObject({ message: expect.stringMatching(/not acknowledged/) });
  appendFileSync(file, 'written while the bus was away\n');
  broker = await startBroker();
  await until('the line arrives', () => onBus.some(({ message }) => message === 'written while the bus was away'));
  expect((await post(good)).status).toBe(202);
});

test('the API description knows the body of a post', async () => {
  const document = (await (await fetch(url('/docs-json'))).json()) as { paths: Record<string, { post?: { requestBody?: object } }> };
  expect(document.paths['/logs']?.post?.requestBody).toBeDefined();
});
