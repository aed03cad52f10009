/** When to make the next snapshot of the state machine. Pure: entries and times go in. */

/** Of all time, how much may go into snapshots that nobody asked for, at most: the thread that makes them answers people and judges members. */
const SHARE_MAX = 1 / 20;

export class SnapshotPace {
  private atIndex = 0;
  private notBeforeMs = -Infinity;

  /** `everyEntries`: as many have to be applied in between. Count. */
  constructor(private readonly everyEntries: number) {}

  /** A state with a lot in it, under many writes, waits longer: the log grows instead, which is cheap. */
  isDue(appliedIndex: number, nowMs: number): boolean {
    return appliedIndex - this.atIndex >= this.everyEntries && nowMs >= this.notBeforeMs;
  }

  /** One of ours, which took so long to put together. */
  made(index: number, tookMs: number, nowMs: number): void {
    this.atIndex = index;
    this.notBeforeMs = nowMs + tookMs * (1 / SHARE_MAX - 1);
  }

  /** One that came from elsewhere, and is on the disk. */
  received(index: number): void {
    this.atIndex = index;
  }
}
