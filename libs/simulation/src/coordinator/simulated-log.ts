/**
 * The log of one coordinator, as its local log on disk is: what waits together is written together, and the process stands still while
 * that is done. Stands for `LocalDurableLog` of apps/coordinator.
 */
import type { Command, Entry, MemberCommand, Membership, Outcome } from '@muster/membership';
import type { SeededRandom } from '../seeded-random.js';
import type { SimulatedProcess } from '../simulated-process.js';

/** What came of a proposal; null when it was withdrawn before it was written. */
export type Settled = Outcome | null;

interface Waiting {
  readonly command: MemberCommand;
  readonly stillHolds: () => boolean;
  readonly settled: (outcome: Settled) => void;
}

export interface SimulatedLogOptions {
  readonly process: SimulatedProcess;
  readonly random: SeededRandom;
  readonly membership: Membership;
  readonly onApplied: (entry: Entry, outcome: Outcome) => void;
}

/** Time that a write takes. Milliseconds. */
const WRITE_MS_MIN = 0.5;
const WRITE_MS_MAX = 8;
const WRITE_ENTRIES_MAX = 256;

export class SimulatedLog {
  private queue: Waiting[] = [];
  private isScheduled = false;
  private publishedIndex = 0;

  constructor(private readonly options: SimulatedLogOptions) {}

  get term(): number {
    return 1;
  }

  propose(command: MemberCommand, stillHolds: () => boolean, settled: (outcome: Settled) => void): void {
    this.queue.push({ command, stillHolds, settled });
    this.write();
  }

  private write(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    const { process, random } = this.options;
    process.immediately('append', () => {
      this.isScheduled = false;
      const written = this.queue.splice(0, WRITE_ENTRIES_MAX).filter(({ stillHolds, settled }) => {
        if (stillHolds()) return true;
        settled(null);
        return false;
      });
      if (written.length > 0) {
        for (const { command, settled } of written) settled(this.apply(command));
        this.publish();
        process.pause(random.between(WRITE_MS_MIN, WRITE_MS_MAX));
      }
      if (this.queue.length > 0) this.write();
    });
  }

  /** Told as soon as agreed, so that the outbox stays empty as it does while the bus is well. */
  private publish(): void {
    const { index } = this.options.membership;
    if (index === this.publishedIndex) return;
    this.apply({ kind: 'published', term: this.term, upToIndex: index });
    this.publishedIndex = this.options.membership.index;
  }

  private apply(command: Command): Outcome {
    const entry: Entry = { index: this.options.membership.index + 1, term: this.term, command };
    const outcome = this.options.membership.apply(entry);
    this.options.onApplied(entry, outcome);
    return outcome;
  }
}
