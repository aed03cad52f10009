/**
 * The last gaps between beats, with mean and deviation in O(1) and without allocation.
 *
 * Gaps are kept as whole tenths of a millisecond and the sums as whole numbers: adding and removing leaves no residue,
 * so the variance of equal gaps is exactly zero, for ever. (A running sum of fractions drifts below zero, its root
 * is NaN, and a perfectly regular node is dead.) Bounds: 1000 gaps of 180 s square to 3.3e15, below 2^53.
 */

const TICKS_PER_MS = 10;
/** Longest gap that can be kept. Milliseconds. */
export const GAP_MS_MAX = 180_000;
export const WINDOW_SIZE_MAX = 1000;

export class GapWindow {
  private readonly ticks: Uint32Array;
  private count = 0;
  private next = 0;
  private sum = 0;
  private sumOfSquares = 0;

  constructor(size: number) {
    this.ticks = new Uint32Array(Math.min(Math.max(2, size), WINDOW_SIZE_MAX));
  }

  /** Adds a gap; the oldest makes room. Milliseconds, cut to 0..180000. */
  add(gapMs: number): void {
    const tick = Math.round(Math.min(Math.max(0, gapMs), GAP_MS_MAX) * TICKS_PER_MS);
    if (this.count === this.ticks.length) {
      const oldest = this.ticks[this.next] ?? 0;
      this.sum -= oldest;
      this.sumOfSquares -= oldest * oldest;
    } else {
      this.count += 1;
    }
    this.ticks[this.next] = tick;
    this.next = (this.next + 1) % this.ticks.length;
    this.sum += tick;
    this.sumOfSquares += tick * tick;
  }

  clear(): void {
    this.count = 0;
    this.next = 0;
    this.sum = 0;
    this.sumOfSquares = 0;
  }

  /** Gaps held. Count. */
  get size(): number {
    return this.count;
  }

  /** Mean gap. Milliseconds; 0 when empty. */
  meanMs(): number {
    return this.count === 0 ? 0 : this.sum / this.count / TICKS_PER_MS;
  }

  /** Standard deviation of the gaps. Milliseconds, >= 0. */
  deviationMs(): number {
    if (this.count === 0) return 0;
    const mean = this.sum / this.count;
    // The quotient and the square are rounded, so the clamp is needed although the sums are exact.
    return Math.sqrt(Math.max(0, this.sumOfSquares / this.count - mean * mean)) / TICKS_PER_MS;
  }
}
