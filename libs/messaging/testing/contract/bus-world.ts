/** What the parts of the contract share: clients, topics and readers of the bus under test. */
import { randomUUID } from 'node:crypto';
import type { BusRecord, MessageBus, RecordBatch, SubscribeOptions, Subscription, TopicSpec } from '@muster/contracts';
import type { MessageBusOptions } from '../../src/index.js';

export interface BusFixture {
  /** A new client of the same bus. */
  connect(options: MessageBusOptions): MessageBus;
  close(): Promise<void>;
}

export const text = (value: string): Uint8Array => Buffer.from(value);
export const textOf = (record: BusRecord): string => Buffer.from(record.value ?? []).toString();
export const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

export class BusWorld {
  #fixture: BusFixture | null = null;
  #bus: MessageBus | null = null;
  readonly #opened: MessageBus[] = [];

  /** The client that most tests use. */
  get bus(): MessageBus {
    return (this.#bus ??= this.connect());
  }

  begin(fixture: BusFixture): void {
    this.#fixture = fixture;
  }

  async end(): Promise<void> {
    await Promise.all(this.#opened.map((it) => it.close()));
    await this.#fixture?.close();
  }

  readonly connect = (options: Partial<MessageBusOptions> = {}): MessageBus => {
    if (this.#fixture === null) throw new Error('the world has not begun');
    const made = this.#fixture.connect({ clientId: 'contract', retryPauseMsMin: 5, retryPauseMsMax: 50, requestTimeoutMs: 8000, sessionTimeoutMs: 6000, ...options });
    this.#opened.push(made);
    return made;
  };

  /** A new topic; returns its name. */
  readonly topic = async (partitionCount = 3, shape: Partial<TopicSpec> = {}): Promise<string> => {
    const spec: TopicSpec = { name: `contract-${randomUUID()}`, partitionCount, cleanup: 'delete', retentionMs: 3_600_000, ...shape };
    await this.bus.ensureTopics([spec]);
    return spec.name;
  };

  /** A reader in a group of its own, unless told otherwise, that writes down what it sees. */
  readonly collect = async (on: MessageBus, options: Partial<SubscribeOptions> & Pick<SubscribeOptions, 'topics'>): Promise<Subscription & { readonly seen: string[] }> => {
    const seen: string[] = [];
    const onBatch = (batch: RecordBatch): Promise<void> => {
      seen.push(...batch.records.map(textOf));
      return Promise.resolve();
    };
    const subscription = await on.subscribe({ group: randomUUID(), from: 'earliest', onBatch, ...options });
    await subscription.ready;
    return Object.assign(subscription, { seen });
  };

  readonly publish = (to: string, values: readonly string[], key: string | null = 'k'): Promise<void> => this.bus.publish(to, values.map((value) => ({ key, value: text(value) })));
}
