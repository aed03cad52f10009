/**
 * Sends log records to the bus and counts what became of them.
 *
 * Holds the one limit on records that are on their way: above it a call fails at once, so that memory is bounded and
 * the caller feels the pressure. Does not retry: each origin knows best what a failure means to it.
 */
import { BusError, encodeLog, LOGS_TOPIC, type LogRecord, type MessageBus } from '@muster/contracts';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Where records come from, as a metric label. */
export type Origin = 'generated' | 'http' | 'file';

export interface LogPublisherOptions {
  readonly bus: Pick<MessageBus, 'publish'>;
  /** Records on their way to the bus at once, over all origins. Count, >= 1. */
  readonly inFlightMax: number;
  /** Told of each publish, so that failures lower the health score. */
  readonly operation: (ok: boolean) => void;
  readonly metrics: Registry;
}

export interface PublishCounts {
  readonly produced: number;
  readonly acknowledged: number;
  readonly failed: number;
}

export class LogPublisher {
  private inFlight = 0;
  private readonly counts = { produced: 0, acknowledged: 0, failed: 0 };
  private readonly metrics: ReturnType<typeof publisherMetrics>;

  constructor(private readonly options: LogPublisherOptions) {
    this.metrics = publisherMetrics(options.metrics, () => this.inFlight);
  }

  /** Resolves when the bus has acknowledged every record; rejects with a `BusError` when it has not. */
  async publish(records: readonly LogRecord[], origin: Origin): Promise<void> {
    this.counts.produced += records.length;
    this.metrics.produced.inc({ origin }, records.length);
    const stopTimer = this.metrics.seconds.startTimer();
    this.inFlight += records.length;
    try {
      this.refuseAboveLimit(records.length);
      await this.options.bus.publish(
        LOGS_TOPIC.name,
        records.map((record) => ({ key: record.source, value: encodeLog(record) })),
      );
    } catch (error) {
      this.counts.failed += records.length;
      this.metrics.failed.inc({ origin, reason: error instanceof BusError ? error.code.toLowerCase() : 'other' }, records.length);
      this.options.operation(false);
      throw error;
    } finally {
      this.inFlight -= records.length;
    }
    stopTimer();
    this.counts.acknowledged += records.length;
    this.metrics.acknowledged.inc({ origin }, records.length);
    this.options.operation(true);
  }

  /** True while `count` more records fit below the limit. */
  hasRoomFor(count: number): boolean {
    return this.inFlight + count <= this.options.inFlightMax;
  }

  /** Records on their way. */
  pending(): number {
    return this.inFlight;
  }

  totals(): PublishCounts {
    return { ...this.counts };
  }

  private refuseAboveLimit(count: number): void {
    if (this.inFlight <= this.options.inFlightMax) return;
    throw new BusError('BUS_BACKPRESSURE', true, `${this.inFlight - count} records wait for the bus, ${count} more would exceed producer.inFlightMax (${this.options.inFlightMax}): send slower, or try again in a second`);
  }
}

function publisherMetrics(registry: Registry, inFlight: () => number) {
  const registers = [registry];
  new Gauge({ name: 'producer_records_in_flight', help: 'Records handed to the bus and not yet acknowledged.', registers, collect() { this.set(inFlight()); } });
  return {
    produced: new Counter({ name: 'producer_records_produced_total', help: 'Records made, taken in over HTTP or read from a file.', labelNames: ['origin'], registers }),
    acknowledged: new Counter({ name: 'producer_records_acknowledged_total', help: 'Records that the bus acknowledged.', labelNames: ['origin'], registers }),
    failed: new Counter({ name: 'producer_records_failed_total', help: 'Records that the bus did not acknowledge.', labelNames: ['origin', 'reason'], registers }),
    seconds: new Histogram({ name: 'producer_publish_seconds', help: 'Time from handing records over to the acknowledgement.', buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5], registers }),
  };
}
