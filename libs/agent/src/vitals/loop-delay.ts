/** Measures how late the event loop of the thread that made it runs. */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

/** How often the event loop is looked at. Milliseconds. Finer costs more wake-ups. */
const LOOP_RESOLUTION_MS = 20;

export class LoopDelay {
  private readonly delays: IntervalHistogram = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });

  constructor() {
    this.delays.enable();
  }

  /**
   * 99th percentile since the last call, in milliseconds; begins a new window. `lateMs` is how late the caller itself came: a delay
   * that ends with this very call is not in the histogram yet, and resetting that would lose it.
   */
  take(lateMs: number): number {
    // The histogram holds the whole gap between two looks, the planned pause included.
    const measuredMs = this.delays.count === 0 ? 0 : this.delays.percentile(99) / 1e6 - LOOP_RESOLUTION_MS;
    this.delays.reset();
    return Math.round(Math.max(0, lateMs, measuredMs) * 1000) / 1000;
  }

  close(): void {
    this.delays.disable();
  }
}
