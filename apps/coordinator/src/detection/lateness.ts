/** How late our own loop ran: what is seen while it stood still is no evidence about others. Reads no clock. */

/** Late ticks that are remembered. Count. */
const KEPT_MAX = 64;

export class Lateness {
  private tickedAtMs: number;
  private readonly late: { readonly atMs: number; readonly lateMs: number }[] = [];

  constructor(
    private readonly tickMs: number,
    nowMs: number,
  ) {
    this.tickedAtMs = nowMs;
  }

  tick(nowMs: number): void {
    const lateMs = nowMs - this.tickedAtMs - this.tickMs;
    this.tickedAtMs = nowMs;
    if (lateMs <= 0) return;
    this.late.push({ atMs: nowMs, lateMs });
    if (this.late.length > KEPT_MAX) this.late.shift();
  }

  /** The longest that it stood still since `sinceMs`, the tick that is due now included. Milliseconds, >= 0. */
  since(sinceMs: number, nowMs: number): number {
    let longestMs = Math.max(0, nowMs - this.tickedAtMs - this.tickMs);
    for (const { atMs, lateMs } of this.late) if (atMs >= sinceMs) longestMs = Math.max(longestMs, lateMs);
    return longestMs;
  }
}
