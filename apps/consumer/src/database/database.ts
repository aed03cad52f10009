/**
 * The database as the rest of the consumer sees it: there, or away with a reason, never a reason to stop.
 *
 * Opens in the background and tries again for ever; looks at the connection regularly, so that readiness knows of
 * an outage while nothing is being written.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { BusError, type Logger, RetryLater } from '@muster/contracts';
import { AppError } from '@muster/observability';
import type { DataSource } from 'typeorm';
import { type DatabaseKind, databaseKind, type DataSourceSettings, openDataSource } from './data-source.js';
import { faultOf, reasonOf } from './error-facts.js';

export interface DatabaseState {
  readonly kind: DatabaseKind;
  readonly state: 'opening' | 'up' | 'down';
  /** Why it is down; empty otherwise. */
  readonly detail: string;
  readonly sinceUnixMs: number;
}

const OPEN_RETRY_MS_MIN = 200;
const OPEN_RETRY_MS_MAX = 5000;
const LOOK_EVERY_MS = 2000;
/** How long a stop waits for a database that is just being opened, and for one that is open. Milliseconds. */
const STOP_OPENING_MS_MAX = 500;
const STOP_OPEN_MS_MAX = 5000;

export class Database {
  private dataSource: DataSource | null = null;
  private current: DatabaseState;
  private readonly stopping = new AbortController();
  private readonly givenUp = new AbortController();
  private running: Promise<void> | null = null;
  private closed: Promise<void> | null = null;

  constructor(
    private readonly settings: DataSourceSettings,
    private readonly logger: Logger,
  ) {
    this.current = { kind: databaseKind(settings.url), state: 'opening', detail: '', sinceUnixMs: Date.now() };
  }

  /** Begins to open and to watch; returns at once. */
  start(): void {
    this.running ??= this.run();
  }

  /** Resolves in bounded time; an opening that is under way is given up, and closed again should it come about after all. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.closed ??= this.close();
    const limitMs = this.dataSource === null ? STOP_OPENING_MS_MAX : STOP_OPEN_MS_MAX;
    const over = new AbortController();
    const limit = pause(limitMs, undefined, { signal: over.signal }).catch(() => undefined);
    await Promise.race([this.closed, limit]).finally(() => over.abort());
  }

  /** Whoever still waits for an answer learns that none will come: a database that hangs must not hold up a shutdown. */
  giveUp(): void {
    this.givenUp.abort();
  }

  state(): DatabaseState {
    return this.current;
  }

  /** Runs `work` on the open database and keeps in mind how that went; fails at once while it is not open. */
  async use<T>(work: (dataSource: DataSource) => Promise<T>): Promise<T> {
    if (this.dataSource === null) throw new AppError('DATABASE_DOWN', `the database is not open: ${this.current.detail || 'it is being opened'}; try again shortly`, { statusCode: 503 });
    try {
      const result = await this.unlessGivenUp(work(this.dataSource));
      this.become('up', '');
      return result;
    } catch (error) {
      if (isOfDatabase(error) && faultOf(error) === 'away') this.become('down', reasonOf(error));
      throw error;
    }
  }

  private async unlessGivenUp<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.givenUp;
    const { promise: end, reject } = Promise.withResolvers<never>();
    const onGivenUp = (): void => reject(new AppError('DATABASE_DOWN', 'the database did not answer before this process had to end', { statusCode: 503 }));
    signal.addEventListener('abort', onGivenUp, { once: true });
    try {
      return await Promise.race([work, end]);
    } finally {
      signal.removeEventListener('abort', onGivenUp);
    }
  }

  private async close(): Promise<void> {
    await this.running;
    const { dataSource } = this;
    this.dataSource = null;
    await dataSource?.destroy();
  }

  private async run(): Promise<void> {
    await this.open();
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await pause(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
      // The outcome is in `state`.
      if (!signal.aborted) await this.use((dataSource) => dataSource.query('SELECT 1')).catch(() => undefined);
    }
  }

  private async open(): Promise<void> {
    const { signal } = this.stopping;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        this.dataSource = await openDataSource(this.settings, signal);
        this.become('up', '');
        return;
      } catch (error) {
        if (signal.aborted) return;
        this.become('down', reasonOf(error));
      }
      await pause(Math.min(OPEN_RETRY_MS_MAX, OPEN_RETRY_MS_MIN * 2 ** Math.min(attempt, 10)), undefined, { signal }).catch(() => undefined);
    }
  }

  private become(state: 'up' | 'down', detail: string): void {
    if (this.current.state === state && this.current.detail === detail) return;
    const isChange = this.current.state !== state;
    this.current = { kind: this.current.kind, state, detail, sinceUnixMs: isChange ? Date.now() : this.current.sinceUnixMs };
    if (state === 'up') this.logger.info({ database: this.current.kind }, 'the database is there');
    else if (isChange) this.logger.warn({ database: this.current.kind, detail }, 'the database is away; trying again');
  }
}

/** Work on the database may fail for other reasons than the database. */
const isOfDatabase = (error: unknown): boolean => !(error instanceof RetryLater) && !(error instanceof BusError);
