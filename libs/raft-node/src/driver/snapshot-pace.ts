/** When to make the next snapshot of the state machine. Pure: entries and times go in. */

/** Of all time, how much may go into snapshots that nobody asked for, at most: the thread that makes them answers people and judges members. */
const SHARE_MAX = 1 / 20;

export interface PaceLimits {
  /** Entries applied after which one is due. Count. */
  readonly entries: number;
  /** The same in bytes: they lie in memory until then. A state that is larger waits for as many as it has itself. */
  readonly bytes: number;
}

export class SnapshotPace {
  private atIndex = 0;
  private stateBytes = 0;
  private appliedBytes = 0;
  private notBeforeMs = -Infinity;

  constructor(private readonly limits: PaceLimits) {}

  applied(bytes: number): void {
    this.appliedBytes += bytes;
  }

  /** A state with a lot in it, under many writes, waits longer: the log grows instead, which is cheap. */
  isDue(appliedIndex: number, nowMs: number): boolean {
    const { entries, bytes } = this.limits;
    return (appliedIndex - this.atIndex >= entries || this.appliedBytes >= Math.max(bytes, this.stateBytes)) && nowMs >= this.notBeforeMs;
  }

  /** One of ours is being made: what is applied from now on is not in it. */
  begun(): void {
    this.appliedBytes = 0;
  }

  /** It has so many bytes, and took so long to put together. */
  made(index: number, stateBytes: number, tookMs: number, nowMs: number): void {
    this.atIndex = index;
    this.stateBytes = stateBytes;
    this.notBeforeMs = nowMs + tookMs * (1 / SHARE_MAX - 1);
  }

  /** One that came from elsewhere, and is on the disk. */
  received(index: number, stateBytes: number): void {
    this.atIndex = index;
    this.stateBytes = stateBytes;
    this.appliedBytes = 0;
  }
}
