/**
 * Keeps one stream to some coordinator open: the next one when it fails, a pause after all have failed.
 *
 * Decides nothing about the view; it passes messages on in the order in which they came.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger, WatchMessage } from '@muster/contracts';
import { backOffMs, type BackOffConfig } from './back-off.js';
import { readWatchStream } from './watch-stream.js';

const BACK_OFF: BackOffConfig = { ms: 200, msMax: 5000 };
/** A stream that lasted this long was a good one. Milliseconds. */
const STEADY_MS = 1000;

export interface WatcherOptions {
  readonly coordinators: readonly string[];
  readonly silenceMs: number;
  readonly logger: Logger;
  readonly onMessage: (message: WatchMessage) => void;
  /** A stream ended, for whatever reason. */
  readonly onEnd: () => void;
  readonly onUnreadable: () => void;
}

export class Watcher {
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;
  private followed: string | null = null;
  private lastFault = 'not asked yet';
  private isUnreadableReported = false;

  constructor(private readonly options: WatcherOptions) {}

  start(): void {
    this.running ??= this.run();
  }

  async close(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** The coordinator that is heard now; null while none is. */
  get source(): string | null {
    return this.followed;
  }

  /** Why the last attempt ended, for whoever asks why there is no source. */
  get fault(): string {
    return this.lastFault;
  }

  private async run(): Promise<void> {
    const { coordinators } = this.options;
    const { signal } = this.stopping;
    let failedInARow = 0;
    for (let index = 0; !signal.aborted; index = (index + 1) % coordinators.length) {
      const startedMs = performance.now();
      const wasHeard = await this.follow(coordinators[index] ?? '');
      // One that talks and hangs up at once would otherwise be asked in a tight loop.
      failedInARow = wasHeard && performance.now() - startedMs >= STEADY_MS ? 0 : failedInARow + 1;
      const isRoundOver = failedInARow > 0 && failedInARow % coordinators.length === 0;
      // After a stream that worked the next coordinator is tried at once: nothing says that it is in trouble too.
      const pauseMs = isRoundOver ? backOffMs(BACK_OFF, failedInARow / coordinators.length - 1, Math.random()) : 0;
      if (pauseMs > 0) await pause(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** True when it told anything. */
  private async follow(base: string): Promise<boolean> {
    const { silenceMs, logger, onMessage, onEnd } = this.options;
    const { signal } = this.stopping;
    const fault = await readWatchStream({
      url: new URL('cluster/watch', base.endsWith('/') ? base : `${base}/`),
      silenceMs,
      signal,
      onMessage: (message) => {
        if (this.followed === null) logger.info({ coordinator: base }, 'following the cluster');
        this.followed = base;
        onMessage(message);
      },
      onUnreadable: (reason) => this.noteUnreadable(base, reason),
    });
    const wasHeard = this.followed !== null;
    if (signal.aborted) return wasHeard;
    this.lastFault = `${base}: ${fault}`;
    if (wasHeard) logger.warn({ coordinator: base, fault }, 'lost the coordinator: asking the next one');
    this.followed = null;
    onEnd();
    return wasHeard;
  }

  private noteUnreadable(base: string, reason: string): void {
    this.options.onUnreadable();
    if (this.isUnreadableReported) return;
    this.isUnreadableReported = true;
    this.options.logger.error({ coordinator: base, reason }, 'the coordinator sends messages that this build cannot read: upgrade the gateway');
  }
}
