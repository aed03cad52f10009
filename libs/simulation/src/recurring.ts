/** What happens again and again, each at random times of its own, until it is over. */
import type { SeededRandom } from './seeded-random.js';
import type { VirtualClock } from './virtual-clock.js';

export class Recurring {
  private hasEnded = false;

  constructor(
    private readonly clock: Pick<VirtualClock, 'after'>,
    private readonly random: SeededRandom,
  ) {}

  get isOver(): boolean {
    return this.hasEnded;
  }

  /** From now on nothing more happens. */
  end(): void {
    this.hasEnded = true;
  }

  /** `everyMs`: mean time between two; Infinity for never. */
  often(everyMs: number, act: () => void): void {
    if (everyMs === Infinity) return;
    this.clock.after(this.random.exponential(everyMs), () => {
      if (this.hasEnded) return;
      act();
      this.often(everyMs, act);
    });
  }
}
