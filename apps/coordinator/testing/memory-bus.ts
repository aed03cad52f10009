/** A message bus in this process, for tests: keeps what was published, delivers at once, can be taken away and given back. */
import { ALL_TOPICS, BusError, type BusRecord, type BusStatus, type MessageBus, type OutgoingRecord, type RecordBatch, type SubscribeOptions, type Subscription, type TopicPartition, type TopicSpec } from '@muster/contracts';

export class MemoryBus implements MessageBus {
  readonly kind = 'embedded';
  readonly published: { topic: string; record: BusRecord }[] = [];
  readonly deadLetters: { topic: string; record: BusRecord; reason: string }[] = [];
  private readonly subscriptions = new Set<SubscribeOptions>();
  private isUp = true;
  /** Beats get in, but nothing comes out: a consumer that hangs. */
  isMute = false;
  /** The same for single partitions. */
  readonly mute = new Set<number>();

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
    const { partitionCount } = ALL_TOPICS.find(({ name }) => name === topic) ?? { partitionCount: 1 };
    const byPartition = new Map<number, BusRecord[]>();
    for (const { key, value, headers = {}, partition = placeOf(key, partitionCount) } of records) {
      const record: BusRecord = { key, value, headers, offset: BigInt(this.published.length), timestampUnixMs: Date.now() };
      this.published.push({ topic, record });
      byPartition.set(partition, [...(byPartition.get(partition) ?? []), record]);
    }
    for (const [partition, stored] of byPartition) {
      if (this.isMute || this.mute.has(partition)) continue;
      for (const subscription of this.subscriptions) if (subscription.topics.includes(topic)) await subscription.onBatch(this.batch({ topic, partition }, stored));
    }
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

  private batch({ topic, partition }: TopicPartition, records: readonly BusRecord[]): RecordBatch {
    return {
      topic,
      partition,
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

/** Any place will do, as long as a key keeps it. */
export function placeOf(key: string | null, partitionCount: number): number {
  let sum = 0;
  for (const character of key ?? '') sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 65_521;
  return sum % partitionCount;
}
