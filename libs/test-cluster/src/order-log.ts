/** Reads on in the log of changes at one coordinator or another, and hands on which orders it finds there. */
import { clusterEventSchema, isMemberEvent } from '@muster/contracts';
import { z } from 'zod';
import type { OrderLedger } from './order-ledger.js';

const eventPageSchema = z.object({ events: z.array(clusterEventSchema), nextSince: z.number(), missingUpToIndex: z.number().nullable() });
const ASK_MS_MAX = 1000;
const PAGE_MAX = 1000;

export class OrderLog {
  private readUpTo = 0;
  private reading: Promise<void> = Promise.resolve();

  constructor(private readonly ledger: OrderLedger) {}

  /** Up to what that coordinator knows, or to all that is agreed on. */
  read(url: string, consistency: 'stale' | 'linearizable'): Promise<void> {
    // One after the other: two that read the same page would see everything twice.
    const next = this.reading.then(() => this.readOn(url, consistency));
    this.reading = next.catch(() => undefined);
    return next;
  }

  private async readOn(url: string, consistency: string): Promise<void> {
    for (;;) {
      const answer = await fetch(`${url}/cluster/events?format=json&limit=${PAGE_MAX}&since=${this.readUpTo}&consistency=${consistency}`, { signal: AbortSignal.timeout(ASK_MS_MAX) });
      const { events, nextSince, missingUpToIndex } = eventPageSchema.parse(await answer.json());
      if (missingUpToIndex !== null && this.readUpTo > 0) this.ledger.missed(missingUpToIndex, this.readUpTo);
      for (const event of events) {
        const mark = isMemberEvent(event) ? /^(?:un)?cordoned by (\S+)$/.exec(event.data.update ?? '')?.[1] : undefined;
        if (mark !== undefined && isMemberEvent(event)) this.ledger.note(mark, event.data.member.index);
      }
      if (nextSince === this.readUpTo) return;
      this.readUpTo = nextSince;
    }
  }
}
