/**
 * The log of one coordinator, as its local log on disk is: what waits together is written one after the other, and the process stands
 * still while that is done. Stands for the log of apps/coordinator.
 */
import type { Observer } from '@muster/evidence';
import { changesOf, type Change, type Command, type Entry, type Membership, type Outcome, type SingleCommand } from '@muster/membership';
import { EPOCH_UNIX_MS } from '../simulated-beat.js';
import type { SeededRandom } from '../seeded-random.js';
import type { SimulatedProcess } from '../simulated-process.js';
import type { VirtualClock } from '../virtual-clock.js';

export interface Settled {
  readonly ticket: number;
  readonly result: 'applied' | 'withdrawn';
  readonly outcome: Outcome | null;
}

export interface SimulatedLogOptions {
  readonly clock: VirtualClock;
  readonly process: SimulatedProcess;
  readonly random: SeededRandom;
  readonly membership: Membership;
  readonly observer: () => Observer;
  readonly onApplied: (entry: Entry, outcome: Outcome, changes: readonly Change[]) => void;
  readonly onSettled: (settled: Settled, changes: readonly Change[]) => void;
}

export const TERM = 1;
/** Time that a write takes. Milliseconds. */
const WRITE_MS_MIN = 0.5;
const WRITE_MS_MAX = 8;

export class SimulatedLog {
  private tickets: number[] = [];
  private isScheduled = false;
  private publishedIndex = 0;

  constructor(private readonly options: SimulatedLogOptions) {}

  propose(ticket: number): void {
    this.tickets.push(ticket);
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.options.process.immediately(() => this.write());
  }

  /** Its process ends: what was not written is forgotten. */
  end(): void {
    this.tickets = [];
    this.isScheduled = false;
  }

  private write(): void {
    const { process, random, clock, observer, onSettled } = this.options;
    const { tickets } = this;
    this.tickets = [];
    this.isScheduled = false;
    let writtenCount = 0;
    for (const ticket of tickets) {
      const ms = clock.nowMs();
      const commands = observer().stillHolds(ticket, { ms, unixMs: EPOCH_UNIX_MS + ms });
      if (commands.length === 0) {
        onSettled({ ticket, result: 'withdrawn', outcome: null }, []);
        continue;
      }
      const { outcome, changes } = this.apply(asOne(commands));
      onSettled({ ticket, result: 'applied', outcome }, changes);
      writtenCount += 1;
    }
    if (writtenCount === 0) return;
    this.publish();
    process.pause(random.between(WRITE_MS_MIN, WRITE_MS_MAX));
  }

  /** Told as soon as agreed, so that the outbox stays empty as it does while the bus is well. */
  private publish(): void {
    const { index } = this.options.membership;
    if (index === this.publishedIndex) return;
    this.apply({ kind: 'published', term: TERM, upToIndex: index });
    this.publishedIndex = this.options.membership.index;
  }

  private apply(command: Command): { outcome: Outcome; changes: readonly Change[] } {
    const entry: Entry = { index: this.options.membership.index + 1, term: TERM, command };
    const outcome = this.options.membership.apply(entry);
    const changes = changesOf(outcome);
    this.options.onApplied(entry, outcome, changes);
    return { outcome, changes };
  }
}

function asOne(commands: readonly SingleCommand[]): Command {
  const [first] = commands;
  if (first !== undefined && commands.length === 1) return first;
  return { kind: 'many', term: TERM, atUnixMs: first?.atUnixMs ?? EPOCH_UNIX_MS, commands };
}
