/**
 * Knows whether the brokers are there, by asking them: one small request every few seconds, more often while they are away.
 *
 * Owns the administrative client; producers and consumers get clients of their own from here.
 */
import { BusError, type BusStatus } from '@muster/contracts';
import type { Admin } from 'kafkajs';
import { type BackOff, pauseMs } from '../shared/back-off.js';
import type { BusSettings } from '../shared/options.js';
import { Signal } from '../shared/signal.js';
import { type FencedClient, fencedClient, type KafkaLibrary } from './fenced-client.js';
import { busErrorOf } from './kafka-errors.js';
import { quickenFetches } from './record-batches.js';
import { within } from './within.js';

const PROBE_EVERY_MS = 3000;
const PROBE_TIMEOUT_MS_MAX = 3000;
const RETURN: BackOff = { pauseMsMin: 200, pauseMsMax: 2000 };

interface AdminClient {
  readonly client: FencedClient;
  readonly admin: Admin;
}

export class KafkaLink {
  readonly changed = new Signal();
  #status: BusStatus = { state: 'connecting', detail: '', sinceUnixMs: Date.now() };
  readonly #suspicion = new Signal();
  readonly #library: Promise<KafkaLibrary>;
  #admin: AdminClient | null = null;
  #isClosed = false;

  constructor(
    readonly brokers: readonly string[],
    readonly settings: BusSettings,
    private readonly onChange: (state: BusStatus['state']) => void,
  ) {
    quickenFetches();
    this.#library = import('kafkajs').then((module) => module.default as unknown as KafkaLibrary);
    void this.#watch();
  }

  library(): Promise<KafkaLibrary> {
    return this.#library;
  }

  status(): BusStatus {
    return this.#status;
  }

  isUp(): boolean {
    return this.#status.state === 'up';
  }

  /** Somebody met a fault: look now instead of at the next turn. */
  suspect(): void {
    this.#suspicion.ring();
  }

  downError(): BusError {
    if (this.#isClosed) return new BusError('BUS_DOWN', false, 'the bus was closed by this process');
    return new BusError('BUS_DOWN', true, `no Kafka broker answers at ${this.brokers.join(',')}${this.#status.detail ? ` (${this.#status.detail})` : ''}`);
  }

  /** Resolves once brokers answer; rejects with `BUS_DOWN` after `timeoutMs`. */
  async untilUp(timeoutMs = this.settings.requestTimeoutMs): Promise<void> {
    const dueMs = performance.now() + timeoutMs;
    while (!this.isUp()) {
      const leftMs = dueMs - performance.now();
      if (this.#isClosed || leftMs <= 0) throw this.downError();
      await this.changed.wait(leftMs);
    }
  }

  /** Resolves when the first look at the brokers came to something; rejects when that was nothing. */
  async untilDecided(timeoutMs: number): Promise<void> {
    const dueMs = performance.now() + timeoutMs;
    while (this.#status.state === 'connecting' && performance.now() < dueMs) await this.changed.wait(dueMs - performance.now());
    if (!this.isUp()) throw this.downError();
  }

  /** A client for one purpose, to be retired by whoever asked for it. */
  async client(retry: { readonly initialRetryTime: number; readonly maxRetryTime: number; readonly retries: number }): Promise<FencedClient> {
    const { clientId, requestTimeoutMs, logger } = this.settings;
    return fencedClient(
      await this.#library,
      {
        clientId,
        brokers: [...this.brokers],
        connectionTimeout: Math.min(3000, requestTimeoutMs),
        requestTimeout: requestTimeoutMs,
        retry: { ...retry, factor: 0.2, multiplier: 2 },
      },
      logger,
    );
  }

  /** Runs `work` on the administrative client, no longer than a request may take. Rejects with a `BusError`. */
  async withAdmin<T>(doing: string, work: (admin: Admin) => Promise<T>): Promise<T> {
    await this.untilUp();
    const current = this.#admin;
    if (current === null) throw this.downError();
    try {
      return await within(work(current.admin), this.settings.requestTimeoutMs, () => new BusError('BUS_TIMEOUT', true, `${doing}: no answer within ${this.settings.requestTimeoutMs} ms`));
    } catch (error) {
      this.suspect();
      throw busErrorOf(error, doing);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#drop();
    this.#set('down', 'the bus was closed by this process');
    this.#suspicion.ring();
  }

  /** Never rejects. */
  async #watch(): Promise<void> {
    for (let failures = 0; !this.#isClosed; ) {
      try {
        await this.#probe();
        if (this.#isClosed) return;
        failures = 0;
        this.#set('up', '');
      } catch (error) {
        if (this.#isClosed) return;
        this.#drop();
        failures++;
        const fault = busErrorOf(error, 'asking the brokers');
        // One late answer may come from a busy machine: a new connection gets a second chance at once.
        if (failures === 1 && this.isUp() && fault.code === 'BUS_TIMEOUT') continue;
        this.#set('down', fault.message);
      }
      await this.#suspicion.wait(failures === 0 ? PROBE_EVERY_MS : pauseMs(RETURN, failures - 1));
    }
  }

  async #probe(): Promise<void> {
    const timeoutMs = Math.min(PROBE_TIMEOUT_MS_MAX, this.settings.requestTimeoutMs);
    const late = (): Error => new BusError('BUS_TIMEOUT', true, `no answer within ${timeoutMs} ms`);
    if (this.#admin === null) {
      const client = await this.client({ initialRetryTime: 50, maxRetryTime: 200, retries: Math.max(2, this.brokers.length * 2) });
      const opened = { client, admin: client.kafka.admin() };
      try {
        await within(opened.admin.connect(), timeoutMs, late);
      } catch (error) {
        client.retire();
        throw error;
      }
      this.#admin = opened;
      if (this.#isClosed) this.#drop();
    }
    const admin = this.#admin?.admin;
    if (admin !== undefined) await within(admin.describeCluster(), timeoutMs, late);
  }

  #drop(): void {
    const dropped = this.#admin;
    this.#admin = null;
    if (dropped === null) return;
    dropped.admin.disconnect().catch(() => undefined);
    dropped.client.retire();
  }

  #set(state: BusStatus['state'], detail: string): void {
    const before = this.#status.state;
    if (before !== state) this.#status = { state, detail, sinceUnixMs: Date.now() };
    else if (this.#status.detail !== detail) this.#status = { ...this.#status, detail };
    this.changed.ring();
    if (before !== state && !this.#isClosed) this.onChange(state);
  }
}
