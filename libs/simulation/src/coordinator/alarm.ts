/** The one timer of an observer. Set again with each beat, so it is only looked at when it may have come: a later time is waited for when the earlier one is reached. */
import type { SimulatedProcess } from '../simulated-process.js';
import { Happening, type VirtualClock } from '../virtual-clock.js';

class Ring extends Happening {
  constructor(private readonly ring: (ring: Ring) => void) {
    super();
  }

  happen(): void {
    this.ring(this);
  }
}

export class Alarm {
  private armedAtMs = Infinity;
  private waitsUntilMs = Infinity;
  private current: Ring | null = null;

  constructor(
    private readonly clock: VirtualClock,
    private readonly process: SimulatedProcess,
    private readonly act: () => void,
  ) {}

  /** Replaces what was armed; null disarms. */
  arm(atMs: number | null): void {
    this.armedAtMs = atMs ?? Infinity;
    if (this.armedAtMs < this.waitsUntilMs) this.wait();
  }

  private wait(): void {
    const nowMs = this.clock.nowMs();
    this.current = new Ring((ring) => this.reached(ring));
    this.waitsUntilMs = this.armedAtMs;
    this.clock.plan(Math.max(nowMs + 1, this.armedAtMs), this.current);
  }

  private reached(ring: Ring): void {
    // One that was waited for before an earlier time was armed.
    if (ring !== this.current) return;
    this.current = null;
    this.waitsUntilMs = Infinity;
    if (this.armedAtMs === Infinity) return;
    if (this.clock.nowMs() < this.armedAtMs) return this.wait();
    this.armedAtMs = Infinity;
    // What has arrived goes first.
    this.process.due(() => this.process.immediately(this.act));
  }
}
