/**
 * One life of a Kafka consumer, from joining the group until it crashes or is stopped; `KafkaSubscription` starts the next.
 *
 * Reads only from positions it was told, hands out batches, commits what was handled, and vouches for a handler in the group while that
 * takes its time. A consumer that shows no sign of life is declared crashed.
 */
import type { SubscribeOptions } from '@muster/contracts';
import type { Consumer, EachBatchPayload } from 'kafkajs';
import { pauseMs } from '../shared/back-off.js';
import { deferred, Signal } from '../shared/signal.js';
import type { FencedClient } from './fenced-client.js';
import { byTopic, type HeldPartition, type HeldPartitions } from './held-partitions.js';
import { isExpelled } from './kafka-errors.js';
import type { KafkaLink } from './kafka-link.js';
import { startPositions } from './start-positions.js';
import { within } from './within.js';

export interface RunContext {
  readonly link: KafkaLink;
  readonly client: FencedClient;
  readonly options: SubscribeOptions;
  readonly held: HeldPartitions;
  /** Rings when pauses should end early. */
  readonly changed: Signal;
  isPaused(): boolean;
  isClosing(): boolean;
  /** Handles what was fetched; the run keeps the group informed meanwhile. */
  handle(run: ConsumerRun, held: HeldPartition, payload: EachBatchPayload): Promise<void>;
  /** Resolves when no handler is at work on these partitions. */
  untilIdle(partitions: readonly HeldPartition[]): Promise<void>;
  onReady(): void;
}

const HEARTBEAT_MS = 1000;
/** No request of any kind for this many session timeouts: the library has lost its way. */
const SILENT_SESSIONS_MAX = 4;
/** The library waits for a group that shares anew before it leaves; after this long it is cut off, and the group notices by itself. Milliseconds. */
const LEAVE_MS_MAX = 3000;

export class ConsumerRun {
  /** Rejects when the consumer crashed. */
  readonly crashed: Promise<never>;
  readonly #crash = deferred<never>();
  readonly #consumer: Consumer;
  /** When the group last heard of us. Monotonic milliseconds. */
  #lastBeatMs = performance.now();
  #lastSignMs = performance.now();
  #isOver = false;
  #joins = 0;
  #handling = 0;
  /** Why the group will have us join again; null while it does not. */
  #unrest: unknown = null;
  #watchdog: NodeJS.Timeout | undefined;

  constructor(private readonly context: RunContext) {
    const { sessionTimeoutMs } = context.link.settings;
    this.crashed = this.#crash.promise;
    this.crashed.catch(() => undefined);
    this.#consumer = context.client.kafka.consumer({
      groupId: context.options.group,
      allowAutoTopicCreation: false,
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: Math.max(30_000, sessionTimeoutMs),
      heartbeatInterval: Math.min(HEARTBEAT_MS, sessionTimeoutMs / 3),
      maxBytesPerPartition: 1024 * 1024,
      maxBytes: 8 * 1024 * 1024,
      maxWaitTimeInMs: 100,
      // Patient, because a new consumer is a new member: the group would wait for the old one until its session ends. Crashes are
      // answered by a new consumer, here and nowhere else.
      retry: { initialRetryTime: 50, maxRetryTime: 1000, factor: 0.2, multiplier: 2, retries: 30, restartOnFailure: () => Promise.resolve(false) },
    });
  }

  async start(): Promise<void> {
    const { topics, partitionsConcurrent } = this.context.options;
    this.#listen();
    this.#watchdog = setInterval(() => this.#watch(), HEARTBEAT_MS);
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics: [...topics], fromBeginning: this.context.options.from === 'earliest' });
    if (this.#isOver) return;
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: Math.min(64, Math.max(1, partitionsConcurrent ?? 1)),
      eachBatch: (payload) => this.#eachBatch(payload),
    });
  }

  /** True once another member may have what we hold. */
  isStale(held: HeldPartition, payload: EachBatchPayload): boolean {
    if (held.isGone || payload.isStale()) return true;
    if (performance.now() - this.#lastBeatMs > this.context.link.settings.sessionTimeoutMs) return true;
    return !this.context.isClosing() && !payload.isRunning();
  }

  /** The group is about to share anew: begin nothing new. */
  isUnrest(): boolean {
    return this.#unrest !== null;
  }

  async heartbeat(payload: EachBatchPayload): Promise<void> {
    try {
      await payload.heartbeat();
    } catch (error) {
      this.#unrest = error;
      if (isExpelled(error)) this.context.held.drop();
      this.context.changed.ring();
      throw error;
    }
  }

  pause(): void {
    this.#quietly(() => this.#consumer.pause(byTopic(this.context.held.all())));
  }

  resume(): void {
    // Partitions whose position is not known yet begin when it is.
    this.#quietly(() => this.#consumer.resume(byTopic(this.context.held.all().filter((held) => held.position !== null))));
  }

  /** Lets running handlers finish and commit, then leaves. Never rejects. */
  async stop(): Promise<void> {
    const disconnected = this.#consumer.disconnect().catch(() => undefined);
    await this.context.untilIdle(this.context.held.all());
    await within(disconnected, Math.min(LEAVE_MS_MAX, this.context.link.settings.requestTimeoutMs), () => new Error('the consumer did not leave in time')).catch(() => undefined);
    this.#end();
  }

  #end(): void {
    this.#isOver = true;
    clearInterval(this.#watchdog);
    this.context.held.drop();
    this.context.changed.ring();
    this.context.client.retire();
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#end();
    this.#crash.reject(error);
  }

  #listen(): void {
    const consumer = this.#consumer;
    const { events } = consumer;
    const beat = (): void => {
      this.#lastBeatMs = this.#lastSignMs = performance.now();
    };
    consumer.on(events.HEARTBEAT, beat);
    consumer.on(events.REQUEST, () => {
      this.#lastSignMs = performance.now();
    });
    consumer.on(events.GROUP_JOIN, ({ payload }) => {
      beat();
      this.#joined(payload.memberAssignment);
    });
    consumer.on(events.CRASH, ({ payload }) => this.#fail(payload.error));
  }

  /** Called by the library before it fetches: nothing is read until positions are known. */
  #joined(assignment: Readonly<Record<string, readonly number[]>>): void {
    this.#unrest = null;
    const before = this.context.held.all();
    const assigned = this.context.held.assign(assignment);
    this.context.changed.ring();
    this.#quietly(() => this.#consumer.pause(byTopic(assigned)));
    void this.#begin(++this.#joins, before, assigned);
  }

  /** Never rejects. */
  async #begin(join: number, before: readonly HeldPartition[], assigned: readonly HeldPartition[]): Promise<void> {
    const { link, options, changed } = this.context;
    const isCurrent = (): boolean => join === this.#joins && !this.#isOver && !this.context.isClosing();
    await this.context.untilIdle(before);
    for (let failures = 0; isCurrent(); failures++) {
      try {
        const positions = assigned.length === 0 ? [] : await startPositions(link, options, assigned);
        if (!isCurrent()) return;
        for (const [index, { topic, partition, position, high }] of positions.entries()) {
          Object.assign(assigned[index] as HeldPartition, { position, high });
          this.#consumer.seek({ topic, partition, offset: String(position) });
        }
        await this.#commitFirst(positions.filter((it) => it.isFirst));
        if (!isCurrent()) return;
        if (!this.context.isPaused()) this.resume();
        this.context.onReady();
        return;
      } catch (error) {
        if (failures === 0) link.settings.logger.warn({ group: options.group, error: String(error) }, 'start positions cannot be read, they are asked for again');
      }
      await changed.wait(pauseMs({ pauseMsMin: link.settings.retryPauseMsMin, pauseMsMax: 5000 }, failures));
    }
  }

  /** A group that begins at the end writes that down, so that it misses nothing if it dies before its first batch. */
  async #commitFirst(positions: readonly { topic: string; partition: number; position: bigint }[]): Promise<void> {
    const { options, link } = this.context;
    if (positions.length === 0 || options.from !== 'latest' || typeof options.positions === 'function') return;
    const commit = this.#consumer.commitOffsets(positions.map(({ topic, partition, position }) => ({ topic, partition, offset: String(position) })));
    await within(commit, link.settings.requestTimeoutMs, () => new Error('the first positions could not be committed in time')).catch((error: unknown) => {
      link.settings.logger.warn({ group: options.group, error: String(error) }, 'the first positions were not committed');
    });
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    const { topic, partition } = payload.batch;
    const held = this.context.held.get({ topic, partition });
    if (held === undefined || held.position === null) return;
    const unrestBefore = this.#unrest;
    this.#handling++;
    try {
      await this.context.handle(this, held, payload);
    } finally {
      this.#handling--;
      this.#lastSignMs = performance.now();
    }
    // The library must learn of it, or it would fetch the same again at once.
    if (this.#unrest !== null && this.#unrest !== unrestBefore) throw this.#unrest;
  }

  #watch(): void {
    // While the brokers are away it can do nothing, and is better left alone: it may keep its place in the group.
    if (!this.context.link.isUp()) this.#lastSignMs = performance.now();
    const silentMs = performance.now() - this.#lastSignMs;
    const limitMs = SILENT_SESSIONS_MAX * this.context.link.settings.sessionTimeoutMs;
    if (this.#handling === 0 && silentMs > limitMs) this.#fail(new Error(`the Kafka consumer of '${this.context.options.group}' did nothing for ${Math.round(silentMs)} ms`));
  }

  /** The library throws when it is between two states; the next join sets things right. */
  #quietly(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.context.link.settings.logger.debug({ error: String(error) }, 'the Kafka consumer was not in a state to be told');
    }
  }
}

