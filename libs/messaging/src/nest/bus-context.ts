/** What a handler is told beside the record: where it came from, and what it may do with the batch. */
import type { BusRecord, RecordBatch } from '@muster/contracts';

export class BusContext {
  constructor(
    /** The batch that the record belongs to. */
    readonly batch: RecordBatch,
    /** The record; null for a handler that takes whole batches. */
    readonly record: BusRecord | null,
  ) {}

  get topic(): string {
    return this.batch.topic;
  }

  get partition(): number {
    return this.batch.partition;
  }

  isStale(): boolean {
    return this.batch.isStale();
  }

  heartbeat(): Promise<void> {
    return this.batch.heartbeat();
  }

  // Guards and interceptors reach the context of any transport through these two.
  getArgs(): readonly [RecordBatch, BusRecord | null] {
    return [this.batch, this.record];
  }

  getArgByIndex(index: number): unknown {
    return this.getArgs()[index];
  }
}
