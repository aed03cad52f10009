/**
 * How long the main loop has not moved, from a mark that it makes while it moves.
 *
 * Only time is counted in which the watcher itself was awake: when the whole process was paused, nobody stood still in it.
 */
export interface MainWatchConfig {
  /** Time between two looks. Milliseconds, > 0. */
  readonly lookMs: number;
  /** Standing still for less is moving: marks are made now and then only. Milliseconds. */
  readonly graceMs: number;
}

/** A look that comes later than this many intervals was late itself. */
const LOOKS_COUNTED_MAX = 3;

export class MainWatch {
  private mark: number | null = null;
  private lookedAtMs = 0;
  private stillMs = 0;

  constructor(private readonly config: MainWatchConfig) {}

  /** 0 while the loop moves. */
  get lagMs(): number {
    return this.stillMs < this.config.graceMs ? 0 : this.stillMs;
  }

  look(mark: number, nowMs: number): number {
    const elapsedMs = Math.min(nowMs - this.lookedAtMs, this.config.lookMs * LOOKS_COUNTED_MAX);
    this.stillMs = mark === this.mark ? this.stillMs + elapsedMs : 0;
    this.mark = mark;
    this.lookedAtMs = nowMs;
    return this.lagMs;
  }
}
