/**
 * One subscription on the embedded bus: joins its group, reads the partitions it is given, hands out batches.
 *
 * One reader per partition, each a loop of fetch, handle, commit; a fetch waits at the broker until there is something. What happens when
 * a handler fails is decided in `batch-handling`; who gets which partition, by the broker.
 */
import { type BusRecord, partitionKey, type RecordBatch, type SubscribeOptions, type Subscription, type TopicPartition } from '@muster/contracts';
import { pauseMs } from '../shared/back-off.js';
import { handleBatch, type HandlingRules } from '../shared/batch-handling.js';
import type { BusMetrics } from '../shared/bus-metrics.js';
import type { BusSettings } from '../shared/options.js';
import { deferred, Signal, Slots } from '../shared/signal.js';
import type { BrokerLink } from './broker-link.js';
import type { Frame } from './frames.js';
import { type AssignedFacts, type FetchedFacts, type Grant, NOTICE, REQUEST, type TakenFacts, type WatermarksFacts } from './protocol.js';
import { decodeStored } from './record-codec.js';

export interface SubscriptionContext {
  readonly link: BrokerLink;
  readonly settings: BusSettings;
  readonly metrics: BusMetrics;
  deadLetter(at: TopicPartition, record: BusRecord, reason: string): Promise<void>;
  onClosed(): void;
}

/** A partition from the moment it is granted until it is gone. */
interface Held extends TopicPartition {
  readonly grant: Grant;
  /** Held: read on. Revoked: finish the batch and release. Gone: it belongs to somebody else. */
  state: 'held' | 'revoked' | 'gone';
  position: number | null;
  high: number;
  /** Ends the fetch that is under way, when there is one. */
  abandonFetch: () => void;
}

type Positions = ReadonlyMap<string, bigint>;

const FETCH_BYTES_MAX = 1024 * 1024;

export class EmbeddedSubscription implements Subscription {
  readonly ready: Promise<void>;
  readonly #ready = deferred();
  readonly #held = new Map<string, Held>();
  /** The last reader of each partition: a partition that comes back waits until its old reader is done. */
  readonly #readers = new Map<string, Promise<void>>();
  readonly #changed = new Signal();
  readonly #slots: Slots;
  #isPaused = false;
  #isClosing = false;
  #joins = 0;
  #closed: Promise<void> | undefined;

  constructor(
    private readonly id: number,
    private readonly options: SubscribeOptions,
    private readonly context: SubscriptionContext,
  ) {
    this.ready = this.#ready.promise;
    this.#slots = new Slots(Math.min(64, Math.max(1, options.partitionsConcurrent ?? 1)));
  }

  get group(): string {
    return this.options.group;
  }

  assigned(): readonly TopicPartition[] {
    return [...this.#held.values()].filter((it) => it.state !== 'gone').map(({ topic, partition }) => ({ topic, partition }));
  }

  lag(): number | null {
    let sum: number | null = null;
    for (const { position, high } of this.#held.values()) if (position !== null) sum = (sum ?? 0) + Math.max(0, high - position);
    return sum;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#changed.ring();
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  /** The broker is there (again): whatever was held before is not held any more. */
  onUp(): void {
    this.#dropAll();
    void this.#join(++this.#joins);
  }

  onDown(): void {
    this.#joins++;
    this.#dropAll();
  }

  onNotice(frame: Frame): void {
    const facts: unknown = frame.facts;
    if (frame.kind === NOTICE.assigned) this.#take((facts as AssignedFacts).granted);
    else if (frame.kind === NOTICE.revoke) this.#letGo(facts as TakenFacts, 'revoked');
    else if (frame.kind === NOTICE.lost) this.#letGo(facts as TakenFacts, 'gone');
    else if (frame.kind === NOTICE.watermarks) this.#noteHighs(facts as WatermarksFacts);
  }

  async #join(attempt: number): Promise<void> {
    const { topics, group, from, positions } = this.options;
    const startAt = typeof positions === 'function' ? 'asked' : from;
    for (let failures = 0; attempt === this.#joins && !this.#isClosing; failures++) {
      try {
        const { facts } = await this.context.link.request(REQUEST.join, { subscription: this.id, topics, group, startAt });
        // A member for whom nothing is left is ready too.
        if (facts['expected'] === 0) this.#ready.resolve();
        return;
      } catch (error) {
        if (!this.context.link.isUp()) return;
        if (failures === 0) this.context.settings.logger.warn({ group, topics, error: String(error) }, 'a subscription could not begin, it is tried again');
        await this.#changed.wait(pauseMs({ pauseMsMin: 100, pauseMsMax: 2000 }, failures));
      }
    }
  }

  #take(grants: readonly Grant[]): void {
    const taken = grants.map((grant): Held => ({ topic: grant.topic, partition: grant.partition, grant, state: 'held', position: null, high: grant.high, abandonFetch: () => undefined }));
    const before = Promise.all(taken.map((held) => this.#readers.get(partitionKey(held)) ?? Promise.resolve()));
    const stored = before.then(() => this.#storedPositions(taken));
    for (const held of taken) {
      this.#held.set(partitionKey(held), held);
      this.#readers.set(partitionKey(held), stored.then((positions) => this.#read(held, positions)));
    }
  }

  #letGo(at: TakenFacts, state: 'revoked' | 'gone'): void {
    const held = this.#held.get(partitionKey(at));
    if (held === undefined) return;
    held.state = state;
    if (state === 'gone') this.#held.delete(partitionKey(at));
    this.#changed.ring();
  }

  #dropAll(): void {
    for (const held of this.#held.values()) held.state = 'gone';
    this.#held.clear();
    this.#changed.ring();
  }

  #noteHighs({ highs }: WatermarksFacts): void {
    for (const at of highs) {
      const held = this.#held.get(partitionKey(at));
      if (held !== undefined) held.high = Math.max(held.high, at.high);
    }
  }

  /** Asks the handler's own store where it stands; null when the bus remembers. Never rejects. */
  async #storedPositions(taken: readonly Held[]): Promise<Positions | null> {
    const { positions } = this.options;
    if (typeof positions !== 'function') return null;
    for (let failures = 0; ; failures++) {
      const asked = taken.filter((held) => this.#mayGoOn(held));
      if (asked.length === 0) return null;
      try {
        return await positions(asked.map(({ topic, partition }) => ({ topic, partition })));
      } catch (error) {
        if (failures === 0) this.context.settings.logger.warn({ group: this.group, error: String(error) }, 'stored positions cannot be read, they are asked for again');
      }
      await this.#changed.wait(pauseMs(this.#pauses(), failures));
    }
  }

  /** Never rejects. */
  async #read(held: Held, positions: Positions | null): Promise<void> {
    try {
      this.#start(held, positions);
      for (let failures = 0; this.#mayGoOn(held); ) failures = (await this.#readSafely(held, failures)) ? 0 : failures + 1;
      // On a close the leave frees everything at once; what a member releases while it is in the group may come back to it.
      if (held.state === 'revoked') await this.context.link.request(REQUEST.release, this.#at(held));
    } catch (error) {
      // The link went down or the partition is no longer ours: a new grant brings a new reader.
      this.context.settings.logger.debug({ ...this.#at(held), error: String(error) }, 'a reader of the embedded bus ended');
    } finally {
      if (this.#held.get(partitionKey(held)) === held) this.#held.delete(partitionKey(held));
      held.state = 'gone';
    }
  }

  #start(held: Held, positions: Positions | null): void {
    if (!this.#mayGoOn(held)) return;
    const { low, high, committed } = held.grant;
    let wanted = committed;
    if (positions !== null) {
      const stored = positions.get(partitionKey(held));
      wanted = stored === undefined ? null : Number(stored);
    }
    if (wanted !== null && wanted > high) {
      this.context.settings.logger.warn({ ...this.#at(held), position: wanted, high }, `a position lies beyond the end of its partition: reading goes on from the ${this.options.from}`);
      wanted = null;
    }
    held.position = Math.max(wanted ?? (this.options.from === 'earliest' ? low : high), low);
    this.#ready.resolve();
  }

  /** False when the broker refused something, after a pause; the partition is still ours, so its reader must live. */
  async #readSafely(held: Held, failures: number): Promise<boolean> {
    try {
      await this.#readOnce(held);
      return true;
    } catch (error) {
      if (!this.#mayGoOn(held)) throw error;
      this.context.settings.logger.warn({ ...this.#at(held), error: String(error) }, 'the embedded bus refused a reader, it is tried again');
      await this.#changed.wait(pauseMs(this.#pauses(), failures));
      return false;
    }
  }

  async #readOnce(held: Held): Promise<void> {
    while (this.#isPaused && this.#mayGoOn(held)) await this.#changed.wait();
    if (!this.#mayGoOn(held)) return;
    const frame = await this.#fetch(held);
    if (frame === null) return;
    const facts = frame.facts as unknown as FetchedFacts;
    held.high = Math.max(held.high, facts.high);
    if (facts.gone === true && held.state === 'held') held.state = 'revoked';
    const records = decodeStored(frame.body);
    if (records.length === 0) return;
    while (this.#isPaused && this.#mayGoOn(held)) await this.#changed.wait();
    await this.#slots.use(() => this.#handle(held, records));
  }

  /** Resolves with null when the fetch was abandoned: a close must not wait for the next record. */
  #fetch(held: Held): Promise<Frame | null> {
    const { link, settings } = this.context;
    return new Promise((resolve, reject) => {
      held.abandonFetch = () => resolve(null);
      link.request(REQUEST.fetch, { ...this.#at(held), offset: held.position, recordsMax: settings.batchRecordsMax, bytesMax: FETCH_BYTES_MAX }, undefined, true).then(resolve, reject);
    });
  }

  async #handle(held: Held, records: BusRecord[]): Promise<void> {
    if (!this.#mayGoOn(held)) return;
    const startMs = performance.now();
    const done = await handleBatch(this.#batch(held, records), this.options.onBatch, this.#rules(held));
    const last = records[done - 1];
    if (last === undefined) return;
    held.position = Number(last.offset) + 1;
    this.context.metrics.handled(held.topic, this.group, done, (performance.now() - startMs) / 1000);
    if (held.state !== 'gone') await this.context.link.request(REQUEST.commit, { ...this.#at(held), offset: held.position });
  }

  #batch(held: Held, records: BusRecord[]): RecordBatch {
    return {
      topic: held.topic,
      partition: held.partition,
      records,
      highWatermark: BigInt(held.high),
      isStale: () => held.state === 'gone',
      // The link beats for the whole process, so a handler keeps its partitions as long as the process lives.
      heartbeat: () => Promise.resolve(),
      deadLetter: (record, reason) => this.context.deadLetter(held, record, reason),
    };
  }

  #rules(held: Held): HandlingRules {
    return {
      ...this.#pauses(),
      attemptsMax: this.context.settings.attemptsMax,
      logger: this.context.settings.logger,
      isOver: () => !this.#mayGoOn(held),
      pause: (ms) => this.#changed.wait(ms),
      onRetry: (why) => this.context.metrics.retried(held.topic, this.group, why),
    };
  }

  #pauses(): { pauseMsMin: number; pauseMsMax: number } {
    return { pauseMsMin: this.context.settings.retryPauseMsMin, pauseMsMax: this.context.settings.retryPauseMsMax };
  }

  #mayGoOn(held: Held): boolean {
    return held.state === 'held' && !this.#isClosing;
  }

  #at({ topic, partition }: TopicPartition): { subscription: number; topic: string; partition: number } {
    return { subscription: this.id, topic, partition };
  }

  async #close(): Promise<void> {
    this.#isClosing = true;
    this.#joins++;
    for (const held of this.#held.values()) held.abandonFetch();
    this.#changed.ring();
    await Promise.all(this.#readers.values());
    if (this.context.link.isUp()) await this.context.link.request(REQUEST.leave, { subscription: this.id }).catch(() => undefined);
    this.#dropAll();
    // A close before the first assignment must not leave anybody waiting.
    this.#ready.resolve();
    this.context.onClosed();
  }
}
