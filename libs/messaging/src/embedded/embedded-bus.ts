/** The bus of one machine, seen from a client: `MessageBus` over a Unix socket to the embedded broker. */
import { BusError, type BusRecord, type BusStatus, deadLetterTopic, type MessageBus, type OutgoingRecord, type SubscribeOptions, type Subscription, type TopicPartition, type TopicSpec } from '@muster/contracts';
import { busMetrics, type BusMetrics } from '../shared/bus-metrics.js';
import { deadLetterRecord } from '../shared/dead-letter.js';
import { type BusSettings, busSettings, type MessageBusOptions } from '../shared/options.js';
import { nextTurn, Signal } from '../shared/signal.js';
import { checkedBytes, recordBytes } from '../shared/record-size.js';
import { BrokerLink } from './broker-link.js';
import { EmbeddedSubscription } from './embedded-subscription.js';
import type { Frame } from './frames.js';
import { FRAME_BYTES_MAX, REQUEST } from './protocol.js';
import { encodeOutgoing } from './record-codec.js';

/** Records of one call go in frames of about this size. Bytes. */
const CHUNK_BYTES = 1024 * 1024;
/** What the headers of a dead letter may add to a record of the largest size. Bytes. */
const DEAD_LETTER_ROOM_BYTES = 16 * 1024;

export class EmbeddedBus implements MessageBus {
  readonly kind = 'embedded';
  readonly #settings: BusSettings;
  readonly #metrics: BusMetrics;
  readonly #link: BrokerLink;
  readonly #subscriptions = new Map<number, EmbeddedSubscription>();
  readonly #queued = { records: 0, bytes: 0 };
  readonly #idle = new Signal();
  #subscriptionIds = 0;
  #connects = 0;
  #isClosed = false;

  constructor(socketPath: string, options: MessageBusOptions) {
    const settings = busSettings(options);
    // Anything larger would not fit a frame.
    this.#settings = { ...settings, recordBytesMax: Math.min(settings.recordBytesMax, FRAME_BYTES_MAX / 2) };
    this.#metrics = busMetrics(options.metrics);
    this.#link = new BrokerLink(socketPath, this.#settings, {
      onUp: () => {
        if (this.#connects++ > 0) this.#metrics.reconnected();
        this.#settings.logger.info({ socketPath }, 'connected to the embedded bus');
        for (const subscription of this.#subscriptions.values()) subscription.onUp();
      },
      onDown: () => {
        this.#settings.logger.warn({ socketPath, detail: this.#link.status().detail }, 'the embedded bus is away');
        for (const subscription of this.#subscriptions.values()) subscription.onDown();
      },
      onNotice: (frame) => this.#onNotice(frame),
    });
    this.#metrics.observe({
      isUp: () => this.#link.isUp(),
      queued: () => this.#queued,
      lags: () => new Map([...this.#subscriptions.values()].map((it) => [it.group, it.lag()])),
    });
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    await this.#link.untilUp();
    await this.#link.request(REQUEST.ensure, { topics });
  }

  async publish(topic: string, records: readonly OutgoingRecord[]): Promise<void> {
    try {
      if (this.#isClosed) throw new BusError('BUS_DOWN', false, 'the bus was closed by this process');
      await this.#publish(topic, records, this.#settings.recordBytesMax);
    } catch (error) {
      this.#metrics.publishFailed(topic, error instanceof BusError ? error.code : 'BUS_FAILED');
      await nextTurn();
      throw error;
    }
  }

  subscribe(options: SubscribeOptions): Promise<Subscription> {
    if (this.#isClosed) return Promise.reject(new BusError('BUS_DOWN', false, 'the bus was closed by this process'));
    const id = ++this.#subscriptionIds;
    const subscription = new EmbeddedSubscription(id, options, {
      link: this.#link,
      settings: this.#settings,
      metrics: this.#metrics,
      deadLetter: (at, record, reason) => this.#deadLetter(at, record, reason),
      onClosed: () => this.#subscriptions.delete(id),
    });
    this.#subscriptions.set(id, subscription);
    if (this.#link.isUp()) subscription.onUp();
    return Promise.resolve(subscription);
  }

  status(): BusStatus {
    return this.#link.status();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#subscriptions.values()].map((subscription) => subscription.close()));
    const dueMs = performance.now() + this.#settings.requestTimeoutMs;
    while (this.#queued.records > 0 && performance.now() < dueMs) await this.#idle.wait(dueMs - performance.now());
    this.#link.close();
  }

  async #publish(topic: string, records: readonly OutgoingRecord[], recordBytesMax: number): Promise<void> {
    if (records.length === 0) return;
    const bytes = checkedBytes(topic, records, recordBytesMax);
    const { queueRecordsMax, queueBytesMax } = this.#settings;
    const isIdle = this.#queued.records === 0;
    // A single call may be larger than the queue, as long as nothing else waits.
    if (!isIdle && (this.#queued.records + records.length > queueRecordsMax || this.#queued.bytes + bytes > queueBytesMax)) {
      throw new BusError('BUS_BACKPRESSURE', true, `${this.#queued.records} records (${this.#queued.bytes} bytes) wait for the broker, at most ${queueRecordsMax} (${queueBytesMax}) may: send slower, or drop`);
    }
    this.#queued.records += records.length;
    this.#queued.bytes += bytes;
    const startMs = performance.now();
    try {
      await this.#link.untilDecided();
      await Promise.all(chunks(records).map((chunk) => this.#link.request(REQUEST.publish, { topic }, encodeOutgoing(chunk))));
      this.#metrics.published(topic, records.length, (performance.now() - startMs) / 1000);
    } finally {
      this.#queued.records -= records.length;
      this.#queued.bytes -= bytes;
      if (this.#queued.records === 0) this.#idle.ring();
    }
  }

  async #deadLetter(at: TopicPartition, record: BusRecord, reason: string): Promise<void> {
    const spec = deadLetterTopic(at.topic);
    // Of another shape is as good: what counts is that the letter is kept.
    await this.ensureTopics([spec]).catch((error: unknown) => {
      if (!(error instanceof BusError && error.code === 'BUS_TOPIC_SHAPE')) throw error;
    });
    await this.#publish(spec.name, [deadLetterRecord(at, record, reason, Date.now())], this.#settings.recordBytesMax + DEAD_LETTER_ROOM_BYTES + recordBytes({ ...record, value: null }));
    this.#metrics.deadLettered(at.topic);
    this.#settings.logger.error({ ...at, offset: String(record.offset), reason }, 'a record could not be processed and was put aside');
  }

  #onNotice(frame: Frame): void {
    this.#subscriptions.get(Number(frame.facts['subscription']))?.onNotice(frame);
  }
}

function chunks(records: readonly OutgoingRecord[]): OutgoingRecord[][] {
  const all: OutgoingRecord[][] = [];
  let current: OutgoingRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    if (current.length > 0 && bytes + recordBytes(record) > CHUNK_BYTES) {
      all.push(current);
      current = [];
      bytes = 0;
    }
    current.push(record);
    bytes += recordBytes(record);
  }
  all.push(current);
  return all;
}
