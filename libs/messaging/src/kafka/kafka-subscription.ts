/**
 * One subscription on Kafka, for as long as its owner wants it: when a consumer crashes the next one is made, without end.
 *
 * Turns what the library fetched into batches, sees to it that a partition is handled by one call at a time even across
 * consumers, and commits. What happens when a handler fails is decided in `batch-handling`.
 */
import { type BusRecord, partitionKey, type RecordBatch, type SubscribeOptions, type Subscription, type TopicPartition } from '@muster/contracts';
import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import { type BackOff, pauseMs } from '../shared/back-off.js';
import { handleBatch, type HandlingRules } from '../shared/batch-handling.js';
import type { BusMetrics } from '../shared/bus-metrics.js';
import { deferred, Signal } from '../shared/signal.js';
import { ConsumerRun } from './consumer-run.js';
import { type HeldPartition, HeldPartitions } from './held-partitions.js';
import type { KafkaLink } from './kafka-link.js';
import { topicEnds } from './start-positions.js';

export interface KafkaSubscriptionContext {
  readonly link: KafkaLink;
  readonly metrics: BusMetrics;
  deadLetter(at: TopicPartition, record: BusRecord, reason: string): Promise<void>;
  onClosed(): void;
}

const RESTART: BackOff = { pauseMsMin: 200, pauseMsMax: 5000 };
const VOUCH_EVERY_MS = 1000;
const LAG_EVERY_MS = 5000;
/** A consumer that lived this long had recovered: the next restart is quick again. Milliseconds. */
const RECOVERED_AFTER_MS = 30_000;

export class KafkaSubscription implements Subscription {
  readonly ready: Promise<void>;
  readonly #ready = deferred();
  readonly #held = new HeldPartitions();
  readonly #changed = new Signal();
  /** Handlers at work, by partition; kept over the lives of consumers. */
  readonly #working = new Map<string, Promise<void>>();
  readonly #living: Promise<void>;
  readonly #lagTimer: NodeJS.Timeout;
  #run: ConsumerRun | null = null;
  #isPaused = false;
  #isClosing = false;
  #closed: Promise<void> | undefined;

  constructor(
    private readonly options: SubscribeOptions,
    private readonly context: KafkaSubscriptionContext,
  ) {
    this.ready = this.#ready.promise;
    this.#living = this.#live();
    this.#lagTimer = setInterval(() => void this.#refreshLag(), LAG_EVERY_MS);
  }

  get group(): string {
    return this.options.group;
  }

  assigned(): readonly TopicPartition[] {
    return this.#held.all().map(({ topic, partition }) => ({ topic, partition }));
  }

  lag(): number | null {
    return this.#held.lag();
  }

  pause(): void {
    this.#isPaused = true;
    this.#run?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#run?.resume();
    this.#changed.ring();
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#lagTimer);
    this.#changed.ring();
    this.context.link.changed.ring();
    await this.#living;
    // A close before the first assignment must not leave anybody waiting.
    this.#ready.resolve();
    this.context.onClosed();
  }

  /** Never rejects. */
  async #live(): Promise<void> {
    for (let failures = 0; !this.#isClosing; failures++) {
      const startMs = performance.now();
      try {
        while (!this.context.link.isUp() && !this.#isClosing) await this.context.link.changed.wait();
        if (!this.#isClosing) await this.#liveOnce();
      } catch (error) {
        if (performance.now() - startMs > RECOVERED_AFTER_MS) failures = 0;
        this.context.link.settings.logger.warn({ group: this.group, topics: this.options.topics, error: error instanceof Error ? error.message : String(error) }, 'a Kafka consumer ended, the next one is made');
        this.context.link.suspect();
      }
      if (!this.#isClosing) await this.#changed.wait(pauseMs(RESTART, failures));
    }
  }

  /** Ends when the subscription closes; rejects when the consumer cannot start or crashes. */
  async #liveOnce(): Promise<void> {
    const { link } = this.context;
    const client = await link.client({ initialRetryTime: 50, maxRetryTime: 1000, retries: 10 });
    const run = new ConsumerRun({
      link,
      client,
      options: this.options,
      held: this.#held,
      changed: this.#changed,
      isPaused: () => this.#isPaused,
      isClosing: () => this.#isClosing,
      handle: (it, held, payload) => this.#oneAtATime(held, () => this.#handleFetched(it, held, payload)),
      untilIdle: async (partitions) => void (await Promise.all(partitions.map((at) => this.#working.get(partitionKey(at)) ?? Promise.resolve()))),
      onReady: () => this.#ready.resolve(),
    });
    this.#run = run;
    const closing = (async () => {
      while (!this.#isClosing && this.#run === run) await this.#changed.wait();
    })();
    try {
      await Promise.race([run.start(), run.crashed, closing]);
      if (!this.#isClosing) await Promise.race([run.crashed, closing]);
    } finally {
      this.#run = null;
      this.#changed.ring();
      await run.stop();
    }
  }

  async #oneAtATime(held: HeldPartition, work: () => Promise<void>): Promise<void> {
    const key = partitionKey(held);
    const before = this.#working.get(key) ?? Promise.resolve();
    const current = before.then(work);
    const settled = current.catch(() => undefined);
    this.#working.set(key, settled);
    try {
      await current;
    } finally {
      if (this.#working.get(key) === settled) this.#working.delete(key);
    }
  }

  async #handleFetched(run: ConsumerRun, held: HeldPartition, payload: EachBatchPayload): Promise<void> {
    const { messages, highWatermark } = payload.batch;
    const { batchRecordsMax, handlerSilenceMsMax } = this.context.link.settings;
    held.high = BigInt(highWatermark);
    let lastSignMs = performance.now();
    const sign = (): void => {
      lastSignMs = performance.now();
    };
    // A handler at work is vouched for, but not for ever: one that hangs loses its partitions.
    const vouching = setInterval(() => {
      if (performance.now() - lastSignMs < handlerSilenceMsMax) run.heartbeat(payload).catch(() => undefined);
    }, VOUCH_EVERY_MS);
    try {
      for (let from = 0; from < messages.length && this.#mayBegin(run, held, payload); from += batchRecordsMax) {
        sign();
        const slice = messages.slice(from, from + batchRecordsMax);
        if (!(await this.#handleSlice(run, held, payload, slice, sign))) return;
      }
    } finally {
      clearInterval(vouching);
    }
  }

  #mayBegin(run: ConsumerRun, held: HeldPartition, payload: EachBatchPayload): boolean {
    return !this.#isClosing && !this.#isPaused && !run.isUnrest() && !run.isStale(held, payload);
  }

  /** True when all of it was handled and committed. */
  async #handleSlice(run: ConsumerRun, held: HeldPartition, payload: EachBatchPayload, slice: readonly KafkaMessage[], sign: () => void): Promise<boolean> {
    const startMs = performance.now();
    const records = slice.map(busRecord);
    const batch: RecordBatch = {
      topic: held.topic,
      partition: held.partition,
      records,
      highWatermark: held.high,
      isStale: () => run.isStale(held, payload),
      heartbeat: async () => {
        sign();
        await run.heartbeat(payload).catch(() => undefined);
      },
      deadLetter: (record, reason) => this.context.deadLetter(held, record, reason),
    };
    const done = await handleBatch(batch, this.options.onBatch, this.#rules(run, held, payload, sign));
    const last = records[done - 1];
    if (last === undefined) return false;
    this.context.metrics.handled(held.topic, this.group, done, (performance.now() - startMs) / 1000);
    held.position = last.offset + 1n;
    if (run.isStale(held, payload)) return false;
    payload.resolveOffset(String(last.offset));
    await payload.commitOffsetsIfNecessary({ topics: [{ topic: held.topic, partitions: [{ partition: held.partition, offset: String(held.position) }] }] });
    return done === records.length;
  }

  #rules(run: ConsumerRun, held: HeldPartition, payload: EachBatchPayload, sign: () => void): HandlingRules {
    const { attemptsMax, logger, retryPauseMsMin, retryPauseMsMax } = this.context.link.settings;
    return {
      pauseMsMin: retryPauseMsMin,
      pauseMsMax: retryPauseMsMax,
      attemptsMax,
      logger,
      isOver: () => this.#isClosing || run.isUnrest() || run.isStale(held, payload),
      pause: async (ms) => {
        await this.#changed.wait(ms);
        sign();
      },
      onRetry: (why) => this.context.metrics.retried(held.topic, this.group, why),
    };
  }

  /** While partitions are paused or slow nothing is fetched, and the ends seen last grow old. Never rejects. */
  async #refreshLag(): Promise<void> {
    const isBehind = this.#isPaused || this.#working.size > 0;
    if (!isBehind || !this.context.link.isUp()) return;
    try {
      const ends = await topicEnds(this.context.link, this.#held.topics());
      for (const held of this.#held.all()) {
        const high = ends.get(partitionKey(held))?.high ?? held.high;
        if (high > held.high) held.high = high;
      }
    } catch (error) {
      this.context.link.settings.logger.debug({ group: this.group, error: String(error) }, 'the lag cannot be read now');
    }
  }
}

function busRecord(message: KafkaMessage): BusRecord {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers ?? {})) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) headers[name] = first.toString();
  }
  return { key: message.key?.toString() ?? null, value: message.value, headers, offset: BigInt(message.offset), timestampUnixMs: Number(message.timestamp) };
}
