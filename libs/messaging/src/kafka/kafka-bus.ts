/** `MessageBus` over Kafka: puts link, publisher, topics and subscriptions together. */
import { BusError, type BusRecord, type BusStatus, deadLetterTopic, type MessageBus, type OutgoingRecord, type SubscribeOptions, type Subscription, type TopicPartition, type TopicSpec } from '@muster/contracts';
import { busMetrics, type BusMetrics } from '../shared/bus-metrics.js';
import { deadLetterRecord, withoutValue } from '../shared/dead-letter.js';
import { busSettings, type MessageBusOptions } from '../shared/options.js';
import { KafkaLink } from './kafka-link.js';
import { KafkaPublisher } from './kafka-publisher.js';
import { KafkaSubscription } from './kafka-subscription.js';
import { ensureKafkaTopics } from './kafka-topics.js';

/** What the headers of a dead letter may add to a record of the largest size. Bytes. */
const DEAD_LETTER_ROOM_BYTES = 64 * 1024;

export class KafkaBus implements MessageBus {
  readonly kind = 'kafka';
  readonly #metrics: BusMetrics;
  readonly #link: KafkaLink;
  readonly #publisher: KafkaPublisher;
  readonly #subscriptions = new Set<KafkaSubscription>();
  readonly #deadLetterTopics = new Map<string, Promise<void>>();
  #wasUp = false;
  #isClosed = false;

  constructor(brokers: readonly string[], options: MessageBusOptions) {
    const settings = busSettings(options);
    this.#metrics = busMetrics(options.metrics);
    this.#link = new KafkaLink(brokers, settings, (state) => this.#onChange(state));
    this.#publisher = new KafkaPublisher(this.#link, this.#metrics);
    this.#metrics.observe({
      isUp: () => this.#link.isUp(),
      queued: () => this.#publisher.queued,
      lags: () => new Map([...this.#subscriptions].map((it) => [it.group, it.lag()])),
    });
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    await this.#link.untilUp();
    await ensureKafkaTopics(this.#link, topics);
  }

  publish(topic: string, records: readonly OutgoingRecord[]): Promise<void> {
    if (this.#isClosed) return Promise.reject(this.#link.downError());
    return this.#publisher.publish(topic, records);
  }

  subscribe(options: SubscribeOptions): Promise<Subscription> {
    if (this.#isClosed) return Promise.reject(this.#link.downError());
    const subscription: KafkaSubscription = new KafkaSubscription(options, {
      link: this.#link,
      metrics: this.#metrics,
      deadLetter: (at, record, reason) => this.#deadLetter(at, record, reason),
      onClosed: () => this.#subscriptions.delete(subscription),
    });
    this.#subscriptions.add(subscription);
    return Promise.resolve(subscription);
  }

  status(): BusStatus {
    return this.#link.status();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.close()));
    this.#isClosed = true;
    await this.#publisher.close();
    this.#link.close();
  }

  #onChange(state: BusStatus['state']): void {
    const { logger } = this.#link.settings;
    if (state === 'up') {
      if (this.#wasUp) this.#metrics.reconnected();
      this.#wasUp = true;
      logger.info({ brokers: this.#link.brokers }, 'connected to Kafka');
    } else if (state === 'down') {
      logger.warn({ brokers: this.#link.brokers, detail: this.#link.status().detail }, 'Kafka is away');
      this.#publisher.rejectWaiting();
    }
  }

  async #deadLetter(at: TopicPartition, record: BusRecord, reason: string): Promise<void> {
    const spec = deadLetterTopic(at.topic);
    await this.#ensureDeadLetterTopic(spec);
    const letter = deadLetterRecord(at, record, reason, Date.now());
    try {
      await this.#publisher.publish(spec.name, [letter], this.#link.settings.recordBytesMax + DEAD_LETTER_ROOM_BYTES);
    } catch (error) {
      if (!(error instanceof BusError && error.code === 'BUS_RECORD_TOO_LARGE')) throw error;
      await this.#publisher.publish(spec.name, [withoutValue(letter)]);
    }
    this.#metrics.deadLettered(at.topic);
    this.#link.settings.logger.error({ topic: at.topic, partition: at.partition, offset: String(record.offset), reason }, 'a record could not be processed and was put aside');
  }

  #ensureDeadLetterTopic(spec: TopicSpec): Promise<void> {
    const known = this.#deadLetterTopics.get(spec.name);
    if (known !== undefined) return known;
    const ensured = ensureKafkaTopics(this.#link, [spec]).catch((error: unknown) => {
      // Of another shape is as good: what counts is that the letter is kept.
      if (error instanceof BusError && error.code === 'BUS_TOPIC_SHAPE') return;
      this.#deadLetterTopics.delete(spec.name);
      throw error;
    });
    this.#deadLetterTopics.set(spec.name, ensured);
    return ensured;
  }
}
