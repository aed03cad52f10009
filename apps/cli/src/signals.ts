/**
 * Turns signals into two abort signals: stop, and stop at once. Armed only by commands that have something to stop;
 * for the others Ctrl-C keeps its ordinary meaning.
 */

/** npm passes Ctrl-C on although the terminal has done so: two signals this close are one key press. */
const SAME_KEY_PRESS_MS = 300;

export class StopSignals {
  private readonly first = new AbortController();
  private readonly second = new AbortController();
  private isArmed = false;
  private firstAtMs = 0;

  get stopRequested(): AbortSignal {
    this.arm();
    return this.first.signal;
  }

  get stopAtOnce(): AbortSignal {
    this.arm();
    return this.second.signal;
  }

  /** Nobody reads what we print. True when somebody was told to stop because of it. */
  readerIsGone(): boolean {
    if (this.isArmed) this.first.abort();
    return this.isArmed;
  }

  private arm(): void {
    if (this.isArmed) return;
    this.isArmed = true;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => this.onSignal(signal));
  }

  private onSignal(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP'): void {
    const nowMs = performance.now();
    if (!this.first.signal.aborted) {
      this.firstAtMs = nowMs;
      this.first.abort();
    } else if (signal !== 'SIGHUP' && nowMs - this.firstAtMs > SAME_KEY_PRESS_MS) {
      this.second.abort();
    }
  }
}
