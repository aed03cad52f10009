/**
 * The port through which everything talks to Kafka, or to the embedded bus on one machine.
 *
 * Types only; adapters live in `messaging`, and one contract suite holds them to what is said here.
 */
import type { TopicSpec } from './topics.js';

export interface OutgoingRecord {
  /** Records with equal keys go to one partition, in order; null spreads. Compacted topics need one. */
  readonly key: string | null;
  /** Null, with a key, is a tombstone: on a compacted topic it removes the key. */
  readonly value: Uint8Array | null;
  readonly headers?: Readonly<Record<string, string>>;
  /** The partition to go to, whatever the key; by default the key decides. */
  readonly partition?: number;
}

export interface BusRecord {
  readonly key: string | null;
  /** Null is a tombstone on a compacted topic. */
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Position in the partition; grows, but gaps are normal. Decimal. */
  readonly offset: bigint;
  readonly timestampUnixMs: number;
}

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export interface RecordBatch extends TopicPartition {
  /** In offset order, at least one. */
  readonly records: readonly BusRecord[];
  /** Offset that the next record of the partition will get. */
  readonly highWatermark: bigint;
  /** True once the partition was taken away: stop, what you write may be written by another as well. */
  isStale(): boolean;
  /** Keeps the group from giving the partition away during long work; cheap, call it between steps. */
  heartbeat(): Promise<void>;
  /** Sends a record that cannot be processed to `<topic>.dead-letter` with the reason; resolves when acknowledged. */
  deadLetter(record: BusRecord, reason: string): Promise<void>;
}

export interface SubscribeOptions {
  readonly topics: readonly string[];
  /** Members of a group share the partitions. For "everybody reads everything" use a group of one's own. */
  readonly group: string;
  /** Where a group without committed offsets begins. */
  readonly from: 'earliest' | 'latest';
  /**
   * Who remembers positions: `bus` commits after each batch that was handled (at least once);
   * a function returns the next offset for newly assigned partitions (missing entries: `from`), and the handler stores
   * positions itself (exactly once).
   */
  readonly positions?: 'bus' | ((assigned: readonly TopicPartition[]) => Promise<ReadonlyMap<string, bigint>>);
  /** Batches of different partitions handled at once. Count, 1..64. Default 1. */
  readonly partitionsConcurrent?: number;
  /**
   * Handles one batch; one call per partition at a time. Resolved: the batch is done. Rejected with a `RetryLater`: the
   * same batch comes again after a growing pause, without end. Rejected with anything else: it is tried again a bounded
   * number of times, then record by record, and records that still fail go to the dead-letter topic.
   */
  readonly onBatch: (batch: RecordBatch) => Promise<void>;
}

/** Thrown by a handler when the fault lies outside the records (database away): nothing is skipped, the bus waits. */
export class RetryLater extends Error {
  override readonly name = 'RetryLater';
}

/** Key of the map that `positions` returns. */
export const partitionKey = (at: TopicPartition): string => `${at.topic}/${at.partition}`;

export interface Subscription {
  /** Resolves when partitions were assigned for the first time and reading has begun. */
  readonly ready: Promise<void>;
  /** Partitions held now. */
  assigned(): readonly TopicPartition[];
  /** Records not yet handled, over the partitions held. Count; null before the first batch or position is known. */
  lag(): number | null;
  /** Stops fetching; held until `resume`. */
  pause(): void;
  resume(): void;
  /** Finishes the running batch, commits, leaves the group. */
  close(): Promise<void>;
}

export interface BusStatus {
  readonly state: 'connecting' | 'up' | 'down';
  /** Why, when down; empty otherwise. */
  readonly detail: string;
  readonly sinceUnixMs: number;
}

export interface MessageBus {
  readonly kind: 'kafka' | 'embedded';
  /** Creates what is missing and waits until it can be used; throws when an existing topic has another shape. */
  ensureTopics(topics: readonly TopicSpec[]): Promise<void>;
  /**
   * Resolves when all in-sync replicas have every record. Rejects with a `BusError`; its `retriable` tells whether the same call
   * may work later. Rejects at once with `BUS_BACKPRESSURE` when too much is waiting, and with `BUS_DOWN` when the bus is known to be away.
   */
  publish(topic: string, records: readonly OutgoingRecord[]): Promise<void>;
  subscribe(options: SubscribeOptions): Promise<Subscription>;
  status(): BusStatus;
  close(): Promise<void>;
}

export type BusErrorCode = 'BUS_DOWN' | 'BUS_BACKPRESSURE' | 'BUS_TIMEOUT' | 'BUS_RECORD_TOO_LARGE' | 'BUS_TOPIC_SHAPE' | 'BUS_FAILED';

export class BusError extends Error {
  override readonly name = 'BusError';
  constructor(
    readonly code: BusErrorCode,
    readonly retriable: boolean,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(`${code}: ${message}`, options);
  }
}
