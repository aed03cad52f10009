/**
 * Makes up log records as a small web shop would write them: requests that pass through several services and leave
 * records with one request id, and background chatter between them.
 *
 * Pure: the caller brings wall time and randomness, so a seed gives the same records again. Publishes nothing.
 */
import type { LogLevel, LogRecord } from '@muster/contracts';
import { type Draft, requestDrafts } from './request-story.js';

/** A number in [0, 1), as `Math.random` gives it. */
export type Random = () => number;

export type GeneratedLog = Pick<LogRecord, 'timeUnixMs' | 'level' | 'service' | 'source' | 'message' | 'attributes'>;

/** Requests that are under way at once; more interleave the records of more requests. */
const REQUESTS_OPEN = 6;
const BACKGROUND_SHARE = 0.12;

const BACKGROUND: ReadonlyArray<{ weight: number; level: LogLevel; service: string; message: (n: number) => string }> = [
  { weight: 30, level: 'debug', service: 'search', message: (n) => `index segment merged in ${4 + n} ms` },
  { weight: 25, level: 'debug', service: 'inventory', message: (n) => `cache refreshed, ${200 + n * 7} entries` },
  { weight: 20, level: 'info', service: 'notifications', message: (n) => `sent ${1 + (n % 20)} messages, 0 deferred` },
  { weight: 15, level: 'trace', service: 'gateway', message: (n) => `connection pool: ${n % 32} busy, ${32 - (n % 32)} idle` },
  { weight: 8, level: 'warn', service: 'orders', message: (n) => `event loop was blocked for ${120 + n} ms` },
  { weight: 1.8, level: 'error', service: 'notifications', message: (n) => `mail relay refused the connection, attempt ${1 + (n % 5)}` },
  { weight: 0.2, level: 'fatal', service: 'inventory', message: () => 'out of memory, the process ends' },
];
const BACKGROUND_WEIGHT = BACKGROUND.reduce((total, { weight }) => total + weight, 0);

export class LogGenerator {
  private readonly open: Draft[][] = [];

  constructor(private readonly random: Random) {}

  next(nowUnixMs: number): GeneratedLog {
    const draft = this.random() < BACKGROUND_SHARE ? this.background() : this.nextOfRequest();
    return { timeUnixMs: nowUnixMs, ...draft };
  }

  private nextOfRequest(): Draft {
    while (this.open.length < REQUESTS_OPEN) this.open.push(requestDrafts(this.random));
    const index = Math.floor(this.random() * this.open.length);
    const request = this.open[index] ?? [];
    const draft = request.shift();
    if (request.length === 0) this.open.splice(index, 1);
    return draft ?? this.background();
  }

  private background(): Draft {
    let left = this.random() * BACKGROUND_WEIGHT;
    const picked = BACKGROUND.find(({ weight }) => (left -= weight) < 0) ?? BACKGROUND[0]!;
    const n = Math.floor(this.random() * 100);
    return { level: picked.level, service: picked.service, source: `${picked.service}-${1 + (n % 3)}`, message: picked.message(n), attributes: { background: true } };
  }
}
