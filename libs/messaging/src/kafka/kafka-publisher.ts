/**
 * Sends records through an idempotent producer per topic, with company: what arrives within a few milliseconds goes in one request.
 *
 * One request per partition is under way at a time, so order holds; and a request never holds more than one partition, because the
 * client library takes a broker that answered once for done, and forgets the partitions that moved to it while it retried. Everything
 * is bounded: records and bytes that wait, and how long a caller waits. After any failure the producer is replaced, because nobody can
 * tell which of its sequence numbers the brokers have seen, and a number used twice would make them drop a record as a copy.
 *
 * Topics share no producer: one that is gone or hangs would take its producer, and with it the requests of the others, down; and
 * beats would wait in line behind logs.
 */
import { BusError, type OutgoingRecord } from '@muster/contracts';
import type { Message, Producer } from 'kafkajs';
import type { BusMetrics } from '../shared/bus-metrics.js';
import { placeOf } from '../shared/partitioner.js';
import { checkedBytes, recordBytes } from '../shared/record-size.js';
import { nextTurn, Signal } from '../shared/signal.js';
import type { FencedClient } from './fenced-client.js';
import { busErrorOf } from './kafka-errors.js';
import type { KafkaLink } from './kafka-link.js';
import { PartitionCounts } from './partition-counts.js';
import { within } from './within.js';

/** Records of one call for one partition, or a part of them. */
interface Part {
  readonly partition: number;
  readonly messages: readonly Message[];
  readonly bytes: number;
}

interface Entry extends Part {
  readonly dueMs: number;
  resolve(): void;
  reject(error: BusError): void;
}

interface Lane {
  readonly key: string;
  readonly topic: string;
  readonly queue: Entry[];
  isBusy: boolean;
}

/** One producer of a topic from its first request to its replacement. */
interface Generation {
  readonly topic: string;
  readonly producer: Promise<Producer>;
  /** Requests under way. Count. */
  inFlight: number;
  isRetired: boolean;
  /** Cuts it off at once. */
  fence(): void;
}

/** Brokers take about 1 MiB per partition in one request. */
const SEND_BYTES_MAX = 900 * 1024;
const SEND_RECORDS_MAX = 10_000;
/** An acknowledgement that takes longer is a reason to look whether the brokers are there. Milliseconds. */
const SLOW_MS = 500;
/** A producer that takes longer to say good-bye is cut off. Milliseconds. */
const CLOSE_MS_MAX = 1000;
const RETRY_MS = { first: 100, longest: 1000 };

export class KafkaPublisher {
  readonly queued = { records: 0, bytes: 0 };
  readonly #lanes = new Map<string, Lane>();
  readonly #idle = new Signal();
  readonly #counts: PartitionCounts;
  #spread = 0;
  /** The producer in use, by topic. As many as the program has topics to write to. */
  readonly #generations = new Map<string, Generation>();

  constructor(
    private readonly link: KafkaLink,
    private readonly metrics: BusMetrics,
  ) {
    this.#counts = new PartitionCounts(link);
  }

  async publish(topic: string, records: readonly OutgoingRecord[], recordBytesMax = this.link.settings.recordBytesMax): Promise<void> {
    const startMs = performance.now();
    try {
      if (records.length === 0) return;
      const bytes = checkedBytes(topic, records, recordBytesMax);
      await this.#inLine(records.length, bytes, () => this.#place(topic, records));
      this.metrics.published(topic, records.length, (performance.now() - startMs) / 1000);
    } catch (error) {
      const known = busErrorOf(error, `publishing to '${topic}'`);
      this.metrics.publishFailed(topic, known.code);
      await nextTurn();
      throw known;
    }
  }

  /** The brokers are away: whoever only waits for a turn learns it now. */
  rejectWaiting(): void {
    for (const lane of this.#lanes.values()) for (const entry of lane.queue.splice(0)) entry.reject(this.link.downError());
  }

  /** Sends what waits, then closes the producer. */
  async close(): Promise<void> {
    const dueMs = performance.now() + this.link.settings.requestTimeoutMs;
    while (this.queued.records > 0 && performance.now() < dueMs) await this.#idle.wait(dueMs - performance.now());
    this.rejectWaiting();
    await Promise.all([...this.#generations.values()].map((generation) => this.#end(generation)));
  }

  /** Never rejects. */
  async #end(generation: Generation): Promise<void> {
    generation.isRetired = true;
    const closed = generation.producer.then((producer) => producer.disconnect());
    await within(closed, CLOSE_MS_MAX, () => new Error('the producer did not close in time')).catch(() => undefined);
    generation.fence();
  }

  #checkRoom(count: number, bytes: number): void {
    const { queueRecordsMax, queueBytesMax } = this.link.settings;
    const { records: waiting, bytes: waitingBytes } = this.queued;
    // A single call may be larger than the queue, as long as nothing else waits.
    if (waiting === 0 || (waiting + count <= queueRecordsMax && waitingBytes + bytes <= queueBytesMax)) return;
    throw new BusError('BUS_BACKPRESSURE', true, `${waiting} records (${waitingBytes} bytes) wait for Kafka, at most ${queueRecordsMax} (${queueBytesMax}) may: send slower, or drop`);
  }

  /** Counts the records as waiting from the first moment on. */
  async #inLine(count: number, bytes: number, work: () => Promise<void>): Promise<void> {
    this.#checkRoom(count, bytes);
    this.queued.records += count;
    this.queued.bytes += bytes;
    try {
      await work();
    } finally {
      this.queued.records -= count;
      this.queued.bytes -= bytes;
      if (this.queued.records === 0) this.#idle.ring();
    }
  }

  async #place(topic: string, records: readonly OutgoingRecord[]): Promise<void> {
    const dueMs = performance.now() + this.link.settings.requestTimeoutMs;
    await this.link.untilDecided(this.link.settings.requestTimeoutMs);
    const count = await this.#counts.of(topic);
    const parts = partsOf(records, (record) => placeOf(record, { topic, partitionCount: count }, () => this.#spread++));
    await Promise.all(parts.map((part) => this.#enqueue(topic, part, dueMs)));
  }

  #enqueue(topic: string, part: Part, dueMs: number): Promise<void> {
    const key = `${topic}/${part.partition}`;
    const lane = this.#lanes.get(key) ?? { key, topic, queue: [], isBusy: false };
    this.#lanes.set(key, lane);
    const done = new Promise<void>((resolve, reject) => lane.queue.push({ ...part, dueMs, resolve, reject }));
    if (!lane.isBusy) void this.#pump(lane);
    return done;
  }

  /** Never rejects. */
  async #pump(lane: Lane): Promise<void> {
    lane.isBusy = true;
    await new Promise((resolve) => setTimeout(resolve, this.link.settings.lingerMs));
    while (lane.queue.length > 0) {
      const batch = takeBatch(lane.queue);
      const failure = await this.#send(lane.topic, batch);
      if (failure === null) for (const entry of batch) entry.resolve();
      // One record may be to blame for all: the others get a chance of their own.
      else if (failure.retriable || batch.length === 1) for (const entry of batch) entry.reject(failure);
      else for (const entry of batch) settle(entry, await this.#send(lane.topic, [entry]));
    }
    lane.isBusy = false;
    this.#lanes.delete(lane.key);
  }

  /** What went wrong, or null. */
  async #send(topic: string, batch: readonly Entry[]): Promise<BusError | null> {
    const timeoutMs = this.link.settings.requestTimeoutMs;
    const leftMs = (batch[0]?.dueMs ?? 0) - performance.now();
    let generation: Generation | null = null;
    let isLate = false;
    const slow = setTimeout(() => this.link.suspect(), SLOW_MS);
    try {
      if (leftMs <= 0) throw new BusError('BUS_TIMEOUT', true, `publishing to '${topic}': waited ${timeoutMs} ms for a turn`);
      await this.link.untilDecided(leftMs);
      generation = this.#current(topic);
      generation.inFlight++;
      const sent = generation.producer.then((producer) => producer.send({ topic, acks: -1, timeout: timeoutMs, messages: batch.flatMap((entry) => entry.messages) }));
      await within(sent, leftMs, () => {
        isLate = true;
        return new BusError('BUS_TIMEOUT', true, `publishing to '${topic}': no acknowledgement within ${timeoutMs} ms; it may or may not have been stored`);
      });
      return null;
    } catch (error) {
      this.link.suspect();
      this.#counts.forget(topic);
      if (generation !== null) this.#retire(generation, isLate);
      return busErrorOf(error, `publishing to '${topic}'`);
    } finally {
      clearTimeout(slow);
      if (generation !== null) this.#landed(generation);
    }
  }

  #landed(generation: Generation): void {
    generation.inFlight--;
    if (generation.isRetired && generation.inFlight === 0) generation.fence();
  }

  /** Other partitions may have requests under way: unless this one hangs, they may end first. */
  #retire(generation: Generation, isLate: boolean): void {
    generation.isRetired = true;
    if (isLate) generation.fence();
    if (this.#generations.get(generation.topic) === generation) this.#generations.delete(generation.topic);
  }

  #current(topic: string): Generation {
    const current = this.#generations.get(topic);
    if (current !== undefined) return current;
    const client = this.link.client({ initialRetryTime: RETRY_MS.first, maxRetryTime: RETRY_MS.longest, retries: retriesWithin(this.link.settings.requestTimeoutMs) });
    const fence = (): void => void client.then((it) => it.retire()).catch(() => undefined);
    const producer = client.then((it) => this.#open(it));
    // Whoever sends sees the failure; without senders nobody would.
    producer.catch(() => undefined);
    const next: Generation = { topic, producer, inFlight: 0, isRetired: false, fence };
    this.#generations.set(topic, next);
    return next;
  }

  async #open(client: FencedClient): Promise<Producer> {
    const { Partitioners } = await this.link.library();
    // Every message names its partition; the partitioner only hands that on.
    const producer = client.kafka.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false, createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    return producer;
  }
}

function settle(entry: Entry, failure: BusError | null): void {
  if (failure === null) entry.resolve();
  else entry.reject(failure);
}

/** The records by partition, cut where a request would grow too large; order within a partition stays. */
function partsOf(records: readonly OutgoingRecord[], partitionFor: (record: OutgoingRecord) => number): Part[] {
  const parts: { partition: number; messages: Message[]; bytes: number }[] = [];
  const open = new Map<number, { partition: number; messages: Message[]; bytes: number }>();
  for (const record of records) {
    const [partition, bytes] = [partitionFor(record), recordBytes(record)];
    let part = open.get(partition);
    if (part === undefined || part.bytes + bytes > SEND_BYTES_MAX || part.messages.length >= SEND_RECORDS_MAX) {
      part = { partition, messages: [], bytes: 0 };
      open.set(partition, part);
      parts.push(part);
    }
    part.messages.push(messageOf(record, partition));
    part.bytes += bytes;
  }
  return parts;
}

function messageOf({ key, value, headers }: OutgoingRecord, partition: number): Message {
  return { key, partition, value: value === null ? null : asBuffer(value), ...(headers === undefined ? {} : { headers: { ...headers } }) };
}

const asBuffer = (value: Uint8Array): Buffer => (Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength));

function takeBatch(queue: Entry[]): Entry[] {
  let [bytes, records] = [0, 0];
  let count = 0;
  for (const entry of queue) {
    bytes += entry.bytes;
    records += entry.messages.length;
    if (count > 0 && (bytes > SEND_BYTES_MAX || records > SEND_RECORDS_MAX)) break;
    count++;
  }
  return queue.splice(0, count);
}

/** As many retries as fit into most of the time a caller may wait. */
function retriesWithin(timeoutMs: number): number {
  let retries = 0;
  for (let sum = 0, pause = RETRY_MS.first; sum + pause <= timeoutMs * 0.7; pause = Math.min(RETRY_MS.longest, pause * 2)) {
    sum += pause;
    retries++;
  }
  return Math.max(1, retries);
}
