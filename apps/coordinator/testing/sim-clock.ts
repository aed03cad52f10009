/** A clock that moves when told, for tests of whole minutes in milliseconds. */
import type { Clock } from '../src/clock.js';

interface Wake {
  readonly atMs: number;
  readonly wake: () => void;
}

/** Lets what was set off go through: promises, and proposals that wait for the next turn of the loop. */
export async function turns(count = 4): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export class SimClock implements Clock {
  private timeMs = 1_000_000;
  private readonly wakes = new Set<Wake>();
  /** What had arrived when the next wake comes: it is read right after it, before anything that the wake put off. */
  afterNextWake: (() => void) | null = null;

  nowMs(): number {
    return this.timeMs;
  }

  nowUnixMs(): number {
    return 1_700_000_000_000 + this.timeMs;
  }

  wakeAfter(delayMs: number, wake: () => void): { cancel(): void } {
    const entry = { atMs: this.timeMs + delayMs, wake };
    this.wakes.add(entry);
    return { cancel: () => this.wakes.delete(entry) };
  }

  /** Wakes to come: whoever stops must not leave any behind. */
  get wakesLeft(): number {
    return this.wakes.size;
  }

  /** Moves on, waking whoever is due at its time. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.timeMs + ms;
    for (let next = this.nextBy(untilMs); next !== null; next = this.nextBy(untilMs)) {
      this.timeMs = Math.max(this.timeMs, next.atMs);
      this.wakes.delete(next);
      next.wake();
      this.afterNextWake?.();
      this.afterNextWake = null;
      await turns(1);
    }
    this.timeMs = untilMs;
    await turns();
  }

  /** Time passes while nobody runs, as when the process is stopped; who was due wakes late, all at once. */
  async freeze(ms: number): Promise<void> {
    this.timeMs += ms;
    await this.advance(0);
  }

  private nextBy(untilMs: number): Wake | null {
    let next: Wake | null = null;
    for (const wake of this.wakes) if (wake.atMs <= untilMs && (next === null || wake.atMs < next.atMs)) next = wake;
    return next;
  }
}
