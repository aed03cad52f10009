/**
 * The topic of changes as a broker keeps it: an order of its own, records that come twice, acknowledgements that are slow or get lost.
 * Watches over the outbox: no change is first seen before an earlier one was, whoever leads.
 */
import type { Change } from '@muster/membership';
import type { SeededRandom } from '../seeded-random.js';
import type { VirtualClock } from '../virtual-clock.js';

export interface Acknowledgement {
  readonly isKept: boolean;
  readonly afterMs: number;
}

const ACK_MS_MEAN = 5;
const SLOW_ACK_MS_MEAN = 2000;
/** A client gives up a publish that was not acknowledged. Milliseconds. */
export const PUBLISH_MS_MAX = 3000;

export class KafkaModel {
  /** Index of the latest change that anybody has seen. */
  lastIndex = 0;
  records = 0;
  duplicates = 0;
  private awayUntilMs = 0;
  private slowUntilMs = 0;
  private lastOrdinal = 0;
  /** How many of the agreed changes were seen. */
  private seen = 0;

  constructor(
    private readonly clock: VirtualClock,
    private readonly random: SeededRandom,
    private readonly errorRate: number,
    /** Changes in the order of the log, as far as any coordinator applied them. */
    private readonly agreed: readonly Change[],
    private readonly violate: (what: string) => void,
  ) {}

  get isUp(): boolean {
    return this.clock.nowMs() >= this.awayUntilMs;
  }

  /** Agreed changes that were seen. Count. */
  get seenCount(): number {
    return this.seen;
  }

  stop(forMs: number): void {
    this.awayUntilMs = this.clock.nowMs() + forMs;
  }

  slow(forMs: number): void {
    this.slowUntilMs = this.clock.nowMs() + forMs;
  }

  /** When it is well again. */
  get wellAtMs(): number {
    return Math.max(this.awayUntilMs, this.slowUntilMs);
  }

  /** Null: the client hears nothing, though the records may have been kept. */
  publish(changes: readonly Change[]): number | null {
    if (!this.isUp) return null;
    const isFailing = this.random.chance(this.errorRate);
    if (!isFailing || this.random.chance(0.5)) this.keep(changes);
    if (isFailing) return null;
    const afterMs = this.random.exponential(this.clock.nowMs() < this.slowUntilMs ? SLOW_ACK_MS_MEAN : ACK_MS_MEAN);
    // Kept, and the client does not know: it will send them again.
    return afterMs > PUBLISH_MS_MAX ? null : afterMs;
  }

  private keep(changes: readonly Change[]): void {
    for (const change of changes) {
      this.records += 1;
      if (change.index < this.lastIndex || (change.index === this.lastIndex && change.ordinal <= this.lastOrdinal)) {
        this.duplicates += 1;
        continue;
      }
      const expected = this.agreed[this.seen];
      if (expected === undefined || expected.index !== change.index || expected.ordinal !== change.ordinal || expected.term !== change.term) {
        this.violate(`the change ${change.index}.${change.ordinal} of term ${change.term} is published where ${expected === undefined ? 'nothing' : `${expected.index}.${expected.ordinal} of term ${expected.term}`} is next`);
      }
      this.seen += 1;
      this.lastIndex = change.index;
      this.lastOrdinal = change.ordinal;
    }
  }
}
