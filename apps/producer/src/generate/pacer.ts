/**
 * Says how many records are due now, for a steady rate.
 *
 * Counts from an anchor instead of adding up intervals, so timers that fire late cost nothing in the long run. After
 * a pause longer than `lateMsMax` the missed records are given up, not sent in a burst: a service that was frozen did
 * not log meanwhile either. Pure: the caller brings the clock.
 */
export interface PacerConfig {
  /** Records per second. > 0, fractions allowed. */
  readonly ratePerSecond: number;
  /** Lateness that is caught up. Milliseconds, > 0. Raising it allows greater bursts after a pause. */
  readonly lateMsMax: number;
}

export class Pacer {
  private emitted = 0;
  private skippedTotal = 0;

  constructor(
    private readonly config: PacerConfig,
    private anchorMs: number,
  ) {}

  /** Takes what is due at `nowMs` (monotonic). Never more than `lateMsMax` worth of records. */
  take(nowMs: number): number {
    const due = Math.floor(((nowMs - this.anchorMs) * this.config.ratePerSecond) / 1000) - this.emitted;
    if (due <= 0) return 0;
    const lateMs = nowMs - this.nextAtMs();
    if (lateMs > this.config.lateMsMax) {
      this.skippedTotal += due - 1;
      this.anchorMs = nowMs;
      this.emitted = 0;
      return 1;
    }
    this.emitted += due;
    return due;
  }

  /** When the next record is due, on the same clock. */
  nextAtMs(): number {
    return this.anchorMs + ((this.emitted + 1) * 1000) / this.config.ratePerSecond;
  }

  /** Records given up after pauses, since the start. */
  skipped(): number {
    return this.skippedTotal;
  }
}
