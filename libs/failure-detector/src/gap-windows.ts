/**
 * The last gaps between beats of every node, with mean and deviation in O(1) and without allocation.
 *
 * A gap is kept in whole ticks, a fixed share of the sender's interval, and the sums are whole numbers: adding and removing leaves
 * no residue, so the variance of equal gaps is exactly zero, for ever. (A running sum of fractions drifts below zero, its root is
 * NaN, and a perfectly regular node is dead.) Bounds: 1000 gaps of 65535 ticks square to 4.3e12, below 2^53.
 */
import { grown } from './grown.js';

/** Ticks of one interval: 0.06 ms of a second. */
export const TICKS_PER_INTERVAL = 16_384;
export const GAP_TICKS_MAX = 65_535;
const WINDOW_SIZE_MAX = 1000;

/** Slots whose gaps share one array: growing never copies gaps. */
const SLAB_SLOTS = 1024;

const ADDED = 0;
const SUM = 1;
const SUM_OF_SQUARES = 2;
/** Where the next gap goes. */
const NEXT = 3;
const STRIDE = 4;

export class GapWindows {
  private readonly size: number;
  private readonly slabs: Uint16Array[] = [];
  private sums = new Float64Array(0);

  constructor(size: number) {
    this.size = Math.min(Math.max(2, Math.floor(size)), WINDOW_SIZE_MAX);
  }

  /** Makes room for slots 0..count-1. */
  reserve(count: number): void {
    while (this.slabs.length * SLAB_SLOTS < count) this.slabs.push(new Uint16Array(SLAB_SLOTS * this.size));
    this.sums = grown(this.sums, count * STRIDE);
  }

  clear(slot: number): void {
    this.sums.fill(0, slot * STRIDE, (slot + 1) * STRIDE);
  }

  /** Adds a gap in ticks, cut to 0..65535; the oldest makes room. */
  add(slot: number, ticks: number): void {
    const tick = Math.round(Math.min(Math.max(0, ticks), GAP_TICKS_MAX));
    const { size, sums } = this;
    const slab = this.slabs[Math.floor(slot / SLAB_SLOTS)]!;
    const at = slot * STRIDE;
    const added = sums[at + ADDED]!;
    const next = sums[at + NEXT]!;
    const place = (slot % SLAB_SLOTS) * size + next;
    const oldest = added >= size ? slab[place]! : 0;
    slab[place] = tick;
    sums[at + ADDED] = added + 1;
    sums[at + NEXT] = next + 1 === size ? 0 : next + 1;
    sums[at + SUM] = sums[at + SUM]! + tick - oldest;
    sums[at + SUM_OF_SQUARES] = sums[at + SUM_OF_SQUARES]! + tick * tick - oldest * oldest;
  }

  /** Gaps held. Count. */
  count(slot: number): number {
    return Math.min(this.sums[slot * STRIDE + ADDED]!, this.size);
  }

  /** Mean gap. Ticks; 0 when there is none. */
  mean(slot: number): number {
    const count = this.count(slot);
    return count === 0 ? 0 : this.sums[slot * STRIDE + SUM]! / count;
  }

  /** Standard deviation of the gaps. Ticks, >= 0. */
  deviation(slot: number): number {
    const count = this.count(slot);
    if (count === 0) return 0;
    const at = slot * STRIDE;
    const sum = this.sums[at + SUM]!;
    // Whole numbers up to here; the clamp is for sums of squares beyond 2^53, which the bounds rule out.
    return Math.sqrt(Math.max(0, this.sums[at + SUM_OF_SQUARES]! * count - sum * sum)) / count;
  }
}
