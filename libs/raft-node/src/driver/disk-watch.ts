/**
 * Whether the disk of a leader is too slow, or too nearly full, for it to go on: then another should lead while that can still be arranged.
 *
 * A disk that stands still needs no watch: the loop stands still with it, no heartbeat leaves, and the others elect. This is about the one that
 * works just well enough to keep a bad leader in its place. When every disk is like that, leadership moves once in `PAUSE_MS` and no more.
 */

const PAUSE_MS = 60_000;
/** Slow writes count for so long. */
const MEMORY_MS = 10_000;
const SLOW_WRITES = 3;

export interface DiskLimits {
  /** A write that takes longer is slow. Milliseconds. */
  readonly slowMs: number;
  readonly lowWaterBytes: number;
}

export class DiskWatch {
  private readonly slowAtMs: number[] = [];
  private toldAtMs = -Infinity;
  freeBytes: number | null = null;

  constructor(private readonly limits: DiskLimits) {}

  wrote(tookMs: number, nowMs: number): void {
    if (tookMs <= this.limits.slowMs) return;
    this.slowAtMs.push(nowMs);
    if (this.slowAtMs.length > SLOW_WRITES) this.slowAtMs.shift();
  }

  /** Why a leader should hand over now, in words; null when it should not. */
  trouble(nowMs: number): string | null {
    if (nowMs - this.toldAtMs < PAUSE_MS) return null;
    const { slowMs, lowWaterBytes } = this.limits;
    if (this.freeBytes !== null && this.freeBytes < lowWaterBytes) return `only ${this.freeBytes} bytes are free on its disk, less than ${lowWaterBytes}`;
    const recent = this.slowAtMs.filter((atMs) => nowMs - atMs < MEMORY_MS).length;
    return recent >= SLOW_WRITES ? `${recent} writes took longer than ${slowMs} ms each within ${MEMORY_MS / 1000} s` : null;
  }

  /** It was acted upon. */
  told(nowMs: number): void {
    this.toldAtMs = nowMs;
    this.slowAtMs.length = 0;
  }
}
