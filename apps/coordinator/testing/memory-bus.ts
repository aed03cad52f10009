/** A message bus in this process, for tests: keeps what was published, delivers at once, can be taken away and given back. */
import { BusError, type BusRecord, type BusStatus, type MessageBus, type OutgoingRecord, type RecordBatch, type SubscribeOptions, type Subscription, type TopicSpec } from '@muster/contracts';

export class MemoryBus implements MessageBus {
  readonly kind = 'embedded';
  readonly published: { topic: string; record: BusRecord }[] = [];
  readonly deadLetters: { topic: string; record: BusRecord; reason: string }[] = [];
  private readonly subscriptions = new Set<SubscribeOptions>();
  private isUp = true;
  /** Beats get in, but nothing comes out: a consumer that hangs. */
  isMute = false;

  take(): void {
    this.isUp = false;
  }

  giveBack(): void {
    this.isUp = true;
  }

  records(topic: string): BusRecord[] {
    return this.published.filter((it) => it.topic === topic).map((it) => it.record);
  }

  ensureTopics(_topics: readonly TopicSpec[]): Promise<void> {
    return this.isUp ? Promise.resolve() : Promise.reject(this.away());
  }

  async publish(topic: string, records: readonly OutgoingRecord[]): Promise<void> {
    if (!this.isUp) throw this.away();
    const stored = records.map(({ key, value, headers = {} }): BusRecord => ({ key, value, headers, offset: BigInt(this.published.length), timestampUnixMs: Date.now() }));
    for (const record of stored) this.published.push({ topic, record });
    if (this.isMute) return;
    for (const subscription of this.subscriptions) if (subscription.topics.includes(topic)) await subscription.onBatch(this.batch(topic, stored));
  }

  subscribe(options: SubscribeOptions): Promise<Subscription> {
    this.subscriptions.add(options);
    return Promise.resolve({
      ready: Promise.resolve(),
      assigned: () => options.topics.map((topic) => ({ topic, partition: 0 })),
      lag: () => 0,
      pause: () => undefined,
      resume: () => undefined,
      close: () => {
        this.subscriptions.delete(options);
        return Promise.resolve();
      },
    });
  }

  status(): BusStatus {
    return { state: this.isUp ? 'up' : 'down', detail: this.isUp ? '' : 'taken away', sinceUnixMs: 0 };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private batch(topic: string, records: readonly BusRecord[]): RecordBatch {
    return {
      topic,
      partition: 0,
      records,
      highWatermark: BigInt(this.published.length),
      isStale: () => false,
      heartbeat: () => Promise.resolve(),
      deadLetter: (record, reason) => {
        this.deadLetters.push({ topic, record, reason });
        return Promise.resolve();
      },
    };
  }

  private away(): BusError {
    return new BusError('BUS_DOWN', true, 'the bus was taken away');
  }
}
