/**
 * Turns a monotonic clock into ticks, and notices when we stood still.
 *
 * After a pause only a few ticks are given: what the others said meanwhile lies in the sockets and has to be heard first, or a member that was
 * stopped for seconds would stand for election although its leader never ceased to speak. Time that is not ticked is a stall, and voids leases.
 */
export interface Due {
  readonly ticks: number;
  readonly isStalled: boolean;
}

export class TickClock {
  private lastMs: number;

  constructor(
    private readonly tickMs: number,
    private readonly ticksMax: number,
    nowMs: number,
  ) {
    this.lastMs = nowMs;
  }

  due(nowMs: number): Due {
    const ticks = Math.floor((nowMs - this.lastMs) / this.tickMs);
    if (ticks > this.ticksMax) {
      this.lastMs = nowMs;
      return { ticks: this.ticksMax, isStalled: true };
    }
    this.lastMs += ticks * this.tickMs;
    return { ticks, isStalled: false };
  }
}
