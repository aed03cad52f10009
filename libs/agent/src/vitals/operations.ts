/** Counts operations of the application since the last beat, and how many of them failed. */
export class Operations {
  private count = 0;
  private failedCount = 0;

  add(ok: boolean): void {
    this.count += 1;
    if (!ok) this.failedCount += 1;
  }

  /** Share that failed since the last call, 0 when there were none; begins a new count. */
  takeErrorRate(): number {
    const rate = this.count === 0 ? 0 : this.failedCount / this.count;
    this.count = 0;
    this.failedCount = 0;
    return rate;
  }
}
