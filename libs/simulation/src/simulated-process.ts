/**
 * What the operating system does to a process: it runs, is paused (SIGSTOP, a long collection, a frozen VM), or is gone.
 *
 * While it is paused, timers become due and messages arrive without anybody noticing. When it goes on, it does what Node does:
 * late timers first, then what arrived, then immediates. A thread that can stand still alone is a process of its own here.
 */
import { Happening, type Planned, type VirtualClock } from './virtual-clock.js';

export type Presence = 'running' | 'paused' | 'gone';

/** A timer of one life. */
class Timer extends Happening implements Planned {
  constructor(
    private readonly process: SimulatedProcess,
    private readonly life: number,
    private wake: (() => void) | null,
  ) {
    super();
  }

  happen(): void {
    if (this.wake !== null) this.process.rings(this, this.life);
  }

  run(): void {
    this.wake?.();
  }

  cancel(): void {
    this.wake = null;
  }
}

/** What is run after everything else that is due now. */
class Immediate extends Happening {
  constructor(
    private readonly process: SimulatedProcess,
    private readonly life: number,
    private readonly run: () => void,
  ) {
    super();
  }

  happen(): void {
    this.process.goesOn(this.run, this.life);
  }
}

export class SimulatedProcess {
  private current: Presence = 'running';
  private pausedUntil = 0;
  private pausedAt = 0;
  /** Counts lives: what was planned in an earlier one never happens. */
  private life = 0;
  private lateTimers: (() => void)[] = [];
  private arrived: (() => void)[] = [];
  private immediates: (() => void)[] = [];

  constructor(private readonly clock: VirtualClock) {}

  get presence(): Presence {
    return this.current;
  }

  /** How long it has stood still. Milliseconds; 0 while it runs. */
  get stillMs(): number {
    return this.current === 'paused' ? this.clock.nowMs() - this.pausedAt : 0;
  }

  /** Ends its life; nothing that waits in it happens any more. */
  end(): void {
    this.current = 'gone';
    this.pausedUntil = 0;
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
    if (this.current === 'running') this.pausedAt = this.clock.nowMs();
    this.current = 'paused';
    this.pausedUntil = Math.max(this.pausedUntil, this.clock.nowMs() + durationMs);
    if (this.pausedUntil === Infinity) return;
    const { life } = this;
    this.clock.at(this.pausedUntil, () => {
      if (this.life === life && this.current === 'paused' && this.clock.nowMs() >= this.pausedUntil) this.resume();
    });
  }

  wakeAfter(delayMs: number, wake: () => void): Planned {
    const timer = new Timer(this, this.life, wake);
    this.clock.plan(this.clock.nowMs() + delayMs, timer);
    return timer;
  }

  /** A timer is due: it is run now, or late. */
  due(wake: () => void): void {
    if (this.current === 'paused') this.lateTimers.push(wake);
    else if (this.current === 'running') wake();
  }

  /** For a timer itself. */
  rings(timer: Timer, life: number): void {
    if (this.life !== life) return;
    if (this.current === 'running') timer.run();
    else this.lateTimers.push(() => timer.run());
  }

  /** After everything that is due or has arrived now. */
  immediately(run: () => void): void {
    this.clock.plan(this.clock.nowMs(), new Immediate(this, this.life, run));
  }

  /** For an immediate itself. */
  goesOn(run: () => void, life: number): void {
    if (this.life !== life) return;
    if (this.current === 'paused') this.immediates.push(run);
    else run();
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
      for (let at = 0; at < queue.length; at++) {
        if (this.presence !== 'running' || this.life !== life) {
          queue.splice(0, at);
          return;
        }
        queue[at]?.();
      }
      queue.length = 0;
    }
  }
}
