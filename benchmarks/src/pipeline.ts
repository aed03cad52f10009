/**
 * Log records through a producer, real Kafka, a consumer and real PostgreSQL, at a set rate, while the consumer is killed with -9.
 *
 * The truth is the client's: ids the producer acknowledged with 202. A post without an answer is sent again with the same ids.
 * At the end every id is read back through `GET /logs` and the two sets are compared.
 */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findServers, type FoundServers } from '@muster/test-servers';
import { machineConditions } from './conditions.js';
import { ROOT, scratchFolder, Service, until } from '@muster/test-cluster';
import { freePort } from '@muster/testing';
import { memoryOf } from './processes.js';
import { tell, tellProgress } from './progress.js';
import { type BenchReport, spread } from './report.js';

const BATCH = 100;
const START_TIMEOUT_MS = 60_000;
const SETTLE_TIMEOUT_MS = 180_000;
const PAGE = 1000;
const PRODUCER_ID = 'bench-producer';
const CONSUMER_ID = 'bench-consumer';

interface Options {
  readonly seconds: number;
  readonly rate: number;
  readonly kills: number;
}

/** Starts producer and consumer against the servers, and starts the consumer again after each kill. */
class Pipeline {
  private constructor(
    private readonly env: Readonly<Record<string, string>>,
    private readonly consumerPort: number,
    readonly producer: Service,
    readonly producerUrl: string,
    private consumer: Service,
  ) {}

  static async start(servers: FoundServers, data: string): Promise<Pipeline> {
    const [producerPort, consumerPort] = [await freePort(), await freePort()];
    const env = {
      MUSTER_BUS_URL: `kafka://${servers.kafka.url}`,
      MUSTER_DATABASE_URL: servers.postgres.url,
      MUSTER_HTTP_HOST: '127.0.0.1',
      MUSTER_NODE_DATA_DIR: data,
      MUSTER_LOG_LEVEL: 'warn',
    };
    const producer = Service.start('producer', [main('producer')], { ...env, MUSTER_HTTP_PORT: String(producerPort), MUSTER_NODE_ID: PRODUCER_ID, MUSTER_PRODUCER_RATE_PER_SECOND: '0' });
    const pipeline = new Pipeline(env, consumerPort, producer, `http://127.0.0.1:${producerPort}`, Pipeline.consumer(env, consumerPort));
    await pipeline.ready(pipeline.producerUrl, producer);
    await pipeline.ready(pipeline.consumerUrl, pipeline.consumer);
    return pipeline;
  }

  private static consumer(env: Readonly<Record<string, string>>, port: number): Service {
    return Service.start('consumer', [main('consumer')], { ...env, MUSTER_HTTP_PORT: String(port), MUSTER_NODE_ID: CONSUMER_ID });
  }

  get consumerUrl(): string {
    return `http://127.0.0.1:${this.consumerPort}`;
  }

  get consumerPid(): number {
    return this.consumer.pid;
  }

  /** `kill -9`, then the same again as a new process. Resolves when it is ready; how long that took in ms. */
  async crashConsumer(): Promise<number> {
    await this.consumer.stop('SIGKILL');
    const startedMs = performance.now();
    this.consumer = Pipeline.consumer(this.env, this.consumerPort);
    await this.ready(this.consumerUrl, this.consumer);
    return performance.now() - startedMs;
  }

  async stop(): Promise<void> {
    await Promise.all([this.producer.stop(), this.consumer.stop()]);
  }

  private async ready(url: string, service: Service): Promise<void> {
    await until(`${service.name} ready`, START_TIMEOUT_MS, async () => ((await fetch(`${url}/health/ready`)).ok ? true : undefined)).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${service.output}`);
    });
  }
}

const main = (app: string): string => join(ROOT, 'apps', app, 'dist', 'main.js');

interface Load {
  readonly acknowledged: ReadonlySet<string>;
  readonly postMs: readonly number[];
  readonly retries: number;
  readonly elapsedMs: number;
}

/** Posts batches on a fixed schedule; falls behind rather than skipping when the producer is slow. */
async function load(url: string, service: string, options: Options): Promise<Load> {
  const acknowledged = new Set<string>();
  const postMs: number[] = [];
  let retries = 0;
  const batches = Math.ceil((options.seconds * options.rate) / BATCH);
  const startedMs = performance.now();
  for (let batch = 0; batch < batches; batch++) {
    const dueMs = startedMs + (batch * BATCH * 1000) / options.rate;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await pause(waitMs);
    const records = Array.from({ length: BATCH }, (_, i) => ({ id: randomUUID(), level: 'info', service, source: `${service}-${(batch * BATCH + i) % 48}`, message: `record ${batch * BATCH + i} of a benchmark`, attributes: { batch, position: i } }));
    const body = JSON.stringify(records);
    const postedMs = performance.now();
    while (!(await post(url, body))) {
      retries++;
      await pause(100);
    }
    postMs.push(performance.now() - postedMs);
    for (const record of records) acknowledged.add(record.id);
    tellProgress(`pipeline: ${Math.round((performance.now() - startedMs) / 1000)} s of ${options.seconds}, ${acknowledged.size} records acknowledged`);
  }
  return { acknowledged, postMs, retries, elapsedMs: performance.now() - startedMs };
}

async function post(url: string, body: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/logs`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const text = await response.text();
    if (response.status === 202) return true;
    if (response.status < 500) throw new RangeError(`the producer refused a benchmark record: ${response.status} ${text}`);
    return false;
  } catch (error) {
    if (error instanceof RangeError) throw error;
    return false;
  }
}

async function stored(url: string, service: string): Promise<number> {
  const response = await fetch(`${url}/logs/count?service=${service}`);
  return ((await response.json()) as { count: number }).count;
}

async function storedIds(url: string, service: string): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const response = await fetch(`${url}/logs?service=${service}&limit=${PAGE}${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`);
    if (!response.ok) throw new Error(`GET /logs answered ${response.status}: ${await response.text()}`);
    const page = (await response.json()) as { items: { id: string }[]; nextCursor: string | null };
    ids.push(...page.items.map((item) => item.id));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return ids;
}

async function crashes(pipeline: Pipeline, options: Options): Promise<number[]> {
  const readyMs: number[] = [];
  for (let kill = 0; kill < options.kills; kill++) {
    await pause((options.seconds * 1000) / (options.kills + 1) - (readyMs.at(-1) ?? 0));
    readyMs.push(await pipeline.crashConsumer());
    tell(`pipeline: consumer killed with -9, ready again after ${Math.round(readyMs.at(-1) ?? 0)} ms`);
  }
  return readyMs;
}

export async function pipeline(options: Options): Promise<BenchReport> {
  const conditions = machineConditions();
  const data = scratchFolder('pipeline');
  const service = `bench-${randomUUID().slice(0, 8)}`;
  tell('pipeline: looking for Kafka and PostgreSQL');
  const servers = await findServers({ needed: ['kafka', 'postgres'] });
  try {
    const running = await Pipeline.start(servers, data);
    try {
      const [loaded, restartMs] = await Promise.all([load(running.producerUrl, service, options), crashes(running, options)]);
      const settleFromMs = performance.now();
      await until('every record in PostgreSQL', SETTLE_TIMEOUT_MS, async () => ((await stored(running.consumerUrl, service)) >= loaded.acknowledged.size ? true : undefined), 100).catch(() => undefined);
      const settleMs = performance.now() - settleFromMs;
      tell('pipeline: reading every record back');
      const ids = await storedIds(running.consumerUrl, service);
      const unique = new Set(ids);
      const missing = [...loaded.acknowledged].filter((id) => !unique.has(id)).length;
      const rssMib = [running.producer.pid, running.consumerPid].map((pid) => memoryOf(pid).rssBytes / 2 ** 20);
      return {
        bench: 'pipeline',
        conditions: { ...conditions, kafka: servers.kafka.foundBy, postgres: servers.postgres.foundBy, seconds: options.seconds, 'rate wanted': `${options.rate} records/s`, 'kill -9 of the consumer': options.kills },
        results: [
          { case: 'client to producer', metric: 'acknowledged', unit: 'records', n: loaded.postMs.length, value: loaded.acknowledged.size },
          { case: 'client to producer', metric: 'rate', unit: 'records/s', n: loaded.postMs.length, value: (loaded.acknowledged.size * 1000) / loaded.elapsedMs },
          { case: 'client to producer', metric: `POST of ${BATCH} until Kafka has them`, unit: 'ms', ...spread(loaded.postMs) },
          { case: 'client to producer', metric: 'posts repeated', unit: 'posts', n: loaded.postMs.length, value: loaded.retries },
          { case: 'PostgreSQL', metric: 'stored', unit: 'records', n: 1, value: ids.length },
          { case: 'PostgreSQL', metric: 'acknowledged but missing', unit: 'records', n: 1, value: missing },
          { case: 'PostgreSQL', metric: 'stored twice', unit: 'records', n: 1, value: ids.length - unique.size },
          { case: 'PostgreSQL', metric: 'last record stored after the load ended', unit: 'ms', n: 1, value: settleMs },
          ...(restartMs.length > 0 ? [{ case: 'consumer', metric: 'start after kill -9 until ready', unit: 'ms', ...spread(restartMs) }] : []),
          { case: 'producer', metric: 'memory, resident', unit: 'MiB', n: 1, value: rssMib[0]! },
          { case: 'consumer', metric: 'memory, resident', unit: 'MiB', n: 1, value: rssMib[1]! },
        ],
      };
    } finally {
      await running.stop();
    }
  } finally {
    await servers.stop();
    rmSync(data, { recursive: true, force: true });
  }
}
