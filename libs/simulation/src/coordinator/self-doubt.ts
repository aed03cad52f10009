/**
 * Whether the coordinator may judge. Stands for `SelfDoubt` of apps/coordinator, which the simulation cannot import: same
 * rules, same figures.
 */
export class SelfDoubt {
  private tickedAtMs: number;
  private provenAtMs: number;
  private isBlindNow = true;
  /** Lateness since the last proof: it was excused already. */
  private lateMs = 0;

  constructor(
    private readonly options: { readonly tickMs: number; readonly latenessMs: number; readonly blindAfterMs: number },
    nowMs: number,
  ) {
    this.tickedAtMs = nowMs;
    this.provenAtMs = nowMs;
  }

  /** How long the loop did not run although it should have. Milliseconds. */
  tick(nowMs: number): number {
    const lateMs = nowMs - this.tickedAtMs - this.options.tickMs;
    this.tickedAtMs = nowMs;
    if (lateMs <= this.options.latenessMs) return 0;
    this.lateMs += lateMs;
    return lateMs;
  }

  /** How long we had been blind while we ran, now that a beat reached us. Milliseconds. */
  proven(nowMs: number): number {
    const blindMs = this.isBlind(nowMs) ? Math.max(0, nowMs - this.provenAtMs - this.lateMs) : 0;
    this.lateMs = 0;
    this.provenAtMs = nowMs;
    this.isBlindNow = false;
    return blindMs;
  }

  isBlind(nowMs: number): boolean {
    this.isBlindNow ||= nowMs - this.provenAtMs > this.options.blindAfterMs;
    return this.isBlindNow;
  }
}
