/** A bus whose publishes can be made to fail or to hang. */
import { type Beat, BusError, type BusStatus, decodeBeat, type MessageBus, type OutgoingRecord, type Subscription } from '@muster/contracts';

export class FakeBus implements MessageBus {
  readonly kind = 'embedded';
  readonly beats: Beat[] = [];
  behaviour: 'takes' | 'fails' | 'hangs' | 'throws' = 'takes';
  hungCount = 0;

  publish(topic: string, records: readonly OutgoingRecord[]): Promise<void> {
    if (this.behaviour === 'throws') throw new Error('at once, not as a rejection');
    return this.take(topic, records);
  }

  private async take(topic: string, records: readonly OutgoingRecord[]): Promise<void> {
    if (this.behaviour === 'fails') throw new BusError('BUS_DOWN', true, 'away');
    if (this.behaviour === 'hangs') {
      this.hungCount += 1;
      await Promise.withResolvers<void>().promise;
    }
    for (const { key, value } of records) {
      if (value === null) continue;
      const decoded = decodeBeat(value);
      if (decoded.kind !== 'ok') throw new Error(`${topic}/${key}: ${decoded.reason}`);
      this.beats.push(decoded.value);
    }
  }

  async ensureTopics(): Promise<void> {}
  async subscribe(): Promise<Subscription> {
    throw new Error('nobody reads this bus');
  }
  status(): BusStatus {
    return { state: 'up', detail: '', sinceUnixMs: 0 };
  }
  async close(): Promise<void> {}
}
