/** What the sink counts, for Prometheus and for `GET /stats`. */
import type { Logger, RecordBatch } from '@muster/contracts';
import { Counter, Histogram, type Registry } from 'prom-client';

export interface StoredFacts {
  readonly stored: number;
  readonly duplicates: number;
  readonly seconds: number;
}

export interface SinkTotals {
  readonly stored: Readonly<Record<string, number>>;
  readonly duplicates: number;
  readonly deadLettered: number;
  readonly batches: number;
}

export class SinkMetrics {
  private readonly totalsByTopic: Record<string, number> = {};
  private readonly counts = { duplicates: 0, deadLettered: 0, batches: 0 };
  private readonly metrics: ReturnType<typeof metricsIn>;

  constructor(
    registry: Registry,
    private readonly logger: Logger,
  ) {
    this.metrics = metricsIn(registry);
  }

  stored(topic: string, { stored, duplicates, seconds }: StoredFacts): void {
    this.totalsByTopic[topic] = (this.totalsByTopic[topic] ?? 0) + stored;
    this.counts.batches += 1;
    this.metrics.stored.inc({ topic }, stored);
    this.metrics.batchRecords.observe(stored + duplicates);
    this.metrics.batchSeconds.observe(seconds);
    this.duplicates(topic, duplicates);
  }

  /** Records that had been stored before this assignment. */
  repeated(topic: string, count: number): void {
    this.duplicates(topic, count);
  }

  deadLettered(topic: string, count: number): void {
    this.counts.deadLettered += count;
    this.metrics.deadLettered.inc({ topic }, count);
  }

  fenced(topic: string): void {
    this.metrics.fenced.inc({ topic });
  }

  topicRecreated(batch: RecordBatch, nextOffset: bigint): void {
    this.metrics.recreated.inc({ topic: batch.topic });
    this.logger.warn({ topic: batch.topic, partition: batch.partition, highWatermark: String(batch.highWatermark), nextOffset: String(nextOffset) }, 'the partition ends before what was stored from it: the topic was made anew, reading it from its beginning');
  }

  totals(): SinkTotals {
    return { stored: { ...this.totalsByTopic }, ...this.counts };
  }

  private duplicates(topic: string, count: number): void {
    this.counts.duplicates += count;
    this.metrics.duplicates.inc({ topic }, count);
  }
}

function metricsIn(registry: Registry) {
  const registers = [registry];
  const labelNames = ['topic'];
  return {
    stored: new Counter({ name: 'consumer_records_stored_total', help: 'Records stored in the database.', labelNames, registers }),
    duplicates: new Counter({ name: 'consumer_records_duplicate_total', help: 'Records that were stored already and not stored again.', labelNames, registers }),
    deadLettered: new Counter({ name: 'consumer_records_dead_letter_total', help: 'Records that can never be stored, sent to the dead-letter topic.', labelNames, registers }),
    fenced: new Counter({ name: 'consumer_batches_fenced_total', help: 'Batches refused because another consumer had taken the partition over.', labelNames, registers }),
    recreated: new Counter({ name: 'consumer_topics_recreated_total', help: 'Partitions found to begin anew.', labelNames, registers }),
    batchRecords: new Histogram({ name: 'consumer_batch_records', help: 'Records per batch.', buckets: [1, 3, 10, 30, 100, 300, 1000, 3000], registers }),
    batchSeconds: new Histogram({ name: 'consumer_batch_seconds', help: 'Time to store a batch.', buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10], registers }),
  };
}
