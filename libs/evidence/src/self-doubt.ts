/**
 * Whether we may judge others: are we running, and do beats reach us at all?
 *
 * A loop that was late, or a bus that brings nothing, makes everybody look silent. Proof that beats reach us is our own beat
 * coming back through the bus, or a beat of somebody else by HTTP. Reads no clock.
 */

export interface SelfDoubtOptions {
  /** Time between two calls of `tick`. Milliseconds. */
  readonly tickMs: number;
  /** Lateness of a tick that is nothing special. Milliseconds. */
  readonly latenessMs: number;
  /** Time without proof after which we are blind. Milliseconds, > the interval of our own beats. */
  readonly blindAfterMs: number;
}

export class SelfDoubt {
  private tickedAtMs: number;
  private provenAtMs: number;
  private provenBy: 'bus' | 'http' | null = null;
  private isBlindNow = true;
  /** Lateness since the last proof: it was excused already. */
  private lateMs = 0;

  constructor(
    private readonly options: SelfDoubtOptions,
    nowMs: number,
  ) {
    this.tickedAtMs = nowMs;
    this.provenAtMs = nowMs;
  }

  /** Says how long the loop did not run although it should have. Milliseconds; 0 when it was on time. */
  tick(nowMs: number): number {
    const lateMs = nowMs - this.tickedAtMs - this.options.tickMs;
    this.tickedAtMs = nowMs;
    if (lateMs <= this.options.latenessMs) return 0;
    this.lateMs += lateMs;
    return lateMs;
  }

  /** Notes that a beat reached us. Says how long we had been blind while we ran. Milliseconds; 0 when we were not. */
  proven(lane: 'bus' | 'http', nowMs: number): number {
    const blindMs = this.isBlind(nowMs) ? Math.max(0, nowMs - this.provenAtMs - this.lateMs) : 0;
    this.lateMs = 0;
    this.provenAtMs = nowMs;
    this.provenBy = lane;
    this.isBlindNow = false;
    return blindMs;
  }

  isBlind(nowMs: number): boolean {
    this.isBlindNow ||= nowMs - this.provenAtMs > this.options.blindAfterMs;
    return this.isBlindNow;
  }

  /** Why no verdicts are given, for people; empty when they are. */
  reason(nowMs: number): string {
    if (!this.isBlind(nowMs)) return '';
    if (this.provenBy === null) return 'no beat has reached this coordinator yet: it judges nobody';
    return `no beat has reached this coordinator for ${((nowMs - this.provenAtMs) / 1000).toFixed(1)} s (last by ${this.provenBy}), not even its own: it judges nobody`;
  }
}
