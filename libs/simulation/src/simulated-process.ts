/**
 * What the operating system does to a process: it runs, is paused (SIGSTOP, a long collection, a frozen VM), or is gone.
 *
 * While it is paused, timers become due and messages arrive without anybody noticing. When it goes on, it does what Node does:
 * late timers first, then what arrived, then immediates.
 */
import type { Planned, VirtualClock } from './virtual-clock.js';

export type Presence = 'running' | 'paused' | 'gone';

export class SimulatedProcess {
  private current: Presence = 'running';
  private pausedUntilMs = 0;
  /** Counts lives: what was planned in an earlier one never happens. */
  private life = 0;
  private lateTimers: (() => void)[] = [];
  private arrived: (() => void)[] = [];
  private immediates: (() => void)[] = [];

  constructor(
    private readonly clock: VirtualClock,
    readonly name: string,
  ) {}

  get presence(): Presence {
    return this.current;
  }

  /** Ends its life; nothing that waits in it happens any more. */
  end(): void {
    this.current = 'gone';
    this.life += 1;
    this.lateTimers = [];
    this.arrived = [];
    this.immediates = [];
  }

  begin(): void {
    this.end();
    this.current = 'running';
  }

  /** Pauses for this long from now; a pause under way becomes no shorter. */
  pause(durationMs: number): void {
    if (this.current === 'gone') return;
    this.current = 'paused';
    this.pausedUntilMs = Math.max(this.pausedUntilMs, this.clock.nowMs() + durationMs);
    const { life } = this;
    this.clock.at(this.pausedUntilMs, 'resume', this.name, () => {
      if (this.life === life && this.current === 'paused' && this.clock.nowMs() >= this.pausedUntilMs) this.resume();
    });
  }

  wakeAfter(delayMs: number, kind: string, wake: () => void): Planned {
    const { life } = this;
    let isCancelled = false;
    const planned = this.clock.after(delayMs, kind, this.name, () => {
      if (this.life !== life) return;
      if (this.current === 'paused') this.lateTimers.push(() => isCancelled || wake());
      else wake();
    });
    return {
      cancel: () => {
        isCancelled = true;
        planned.cancel();
      },
    };
  }

  /** After everything that is due or has arrived now. */
  immediately(kind: string, run: () => void): void {
    const { life } = this;
    this.clock.after(0, kind, this.name, () => {
      if (this.life !== life) return;
      if (this.current === 'paused') this.immediates.push(run);
      else run();
    });
  }

  /** Takes what the kernel has for it: at once, when it goes on, or never. */
  receive(take: () => void): void {
    switch (this.current) {
      case 'running':
        return take();
      case 'paused':
        this.arrived.push(take);
        return;
      case 'gone':
        return;
    }
  }

  private resume(): void {
    this.current = 'running';
    const { life } = this;
    for (const queue of [this.lateTimers, this.arrived, this.immediates]) {
      // What runs here may pause it again: the rest waits on.
      while (this.presence === 'running' && this.life === life) {
        const run = queue.shift();
        if (run === undefined) break;
        run();
      }
    }
  }
}
