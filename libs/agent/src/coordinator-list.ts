/**
 * The coordinators as they are known now: a list that stays as it is, or one that is asked for again and again, because names in it may
 * get other addresses. An answer that is empty, late or an error changes nothing: the last good one holds.
 */
import type { Logger } from '@muster/contracts';
import { monoMs } from './engine/mono-clock.js';
import { coordinatorUrl } from './options.js';
import { withinMs } from './within-ms.js';

export type CoordinatorSource = readonly string[] | (() => Promise<readonly string[]>);

export interface CoordinatorListOptions {
  readonly source: CoordinatorSource;
  /** True while some of them cannot be reached: they may have moved. */
  readonly isShort: () => boolean;
  readonly onChange: (urls: readonly string[]) => void;
  readonly logger: Pick<Logger, 'warn'>;
}

/** Longest wait for the first list before things go on without one. Milliseconds. */
const FIRST_MS_MAX = 1000;
/** Longest wait for a later one. Milliseconds. */
const ANSWER_MS_MAX = 5000;
/** Between two questions while all is well. Milliseconds. */
const ASK_MS = 15_000;
/** The same while some cannot be reached, spread by a quarter either way. Milliseconds. */
const ASK_MS_SHORT = 2000;
/** Names that are looked at; further ones are left out. Count. */
const URLS_MAX = 64;

export class CoordinatorList {
  private current: readonly string[];
  private timer: NodeJS.Timeout | undefined;
  private askedMs = 0;
  private isClosed = false;
  private isReported = false;

  /** Throws when a list that stays as it is has an address in it that is none. */
  constructor(private readonly options: CoordinatorListOptions) {
    const { source } = options;
    this.current = typeof source === 'function' ? [] : source.map(coordinatorUrl);
  }

  /** Base URLs, each with a slash at its end. */
  get urls(): readonly string[] {
    return this.current;
  }

  /** Resolves with the first list, or without one when that takes long. */
  async start(): Promise<void> {
    const { source } = this.options;
    if (typeof source !== 'function' || this.isClosed) return;
    await withinMs(this.ask(source), FIRST_MS_MAX);
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  private async ask(source: () => Promise<readonly string[]>): Promise<void> {
    this.askedMs = monoMs();
    const answer = await withinMs(asked(source), ANSWER_MS_MAX, { holdsProcess: false });
    if (this.isClosed) return;
    if (answer instanceof Error) this.report(answer);
    else if (answer !== undefined) this.take(answer);
    this.askLater(source);
  }

  private askLater(source: () => Promise<readonly string[]>): void {
    const look = (): void => {
      const isDue = monoMs() - this.askedMs >= ASK_MS || this.current.length === 0 || this.options.isShort();
      if (isDue) void this.ask(source);
      else this.askLater(source);
    };
    this.timer = setTimeout(look, ASK_MS_SHORT * (0.75 + Math.random() / 2)).unref();
  }

  private take(answer: readonly string[]): void {
    const urls: string[] = [];
    for (const text of answer.slice(0, URLS_MAX)) {
      try {
        urls.push(coordinatorUrl(text));
      } catch (error) {
        this.report(error);
      }
    }
    if (urls.length === 0 || urls.join('\n') === this.current.join('\n')) return;
    this.current = urls;
    this.options.onChange(urls);
  }

  /** Once: whoever is asked every few seconds fails every few seconds. */
  private report(error: unknown): void {
    if (!this.isReported) this.options.logger.warn({ err: error }, 'the list of coordinators cannot be had, or has no addresses in it: going on with those that are known');
    this.isReported = true;
  }
}

/** An error is a value: nothing here may reject. */
async function asked(source: () => Promise<readonly string[]>): Promise<readonly string[] | Error> {
  try {
    return await source();
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
