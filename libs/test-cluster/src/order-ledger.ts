/**
 * Compares what those who gave orders were told with the log of changes, which has the last word: each order carries a mark, and a change tells
 * the mark of the order that made it. An order that changed nothing leaves no trace there, and needs none.
 */
import type { Operation } from '@muster/testing';

/** Orders without an answer, and refused ones, that are still looked for in the log; the oldest are forgotten first. Count. */
const WATCHED_MAX = 20_000;

export class OrderLedger {
  /** By mark: where the log has it. */
  private readonly carriedOut = new Map<string, number>();
  /** By mark: where it is said to have changed something; null: it is said to have changed nothing. */
  private readonly told = new Map<string, number | null>();
  private readonly lost = new Map<string, Operation>();
  private readonly denied = new Set<string>();
  private readonly contradictions: string[] = [];

  /** The log has the order there. */
  note(mark: string, index: number): void {
    const before = this.carriedOut.get(mark);
    if (before === undefined) this.carriedOut.set(mark, index);
    else this.contradictions.push(`order ${mark} is in the log twice, with indexes ${before} and ${index}`);
  }

  /** A part of the log was not seen. */
  missed(upToIndex: number, readUpTo: number): void {
    this.contradictions.push(`changes up to ${upToIndex} are no longer kept, and they were read up to ${readUpTo} only: read more often`);
  }

  /** `index`: null when nothing had to change. */
  acknowledged(mark: string, index: number | null): void {
    this.told.set(mark, index);
  }

  refused(mark: string): void {
    this.denied.add(mark);
    for (const oldest of this.denied) {
      if (this.denied.size <= WATCHED_MAX) return;
      this.denied.delete(oldest);
    }
  }

  unanswered(mark: string, operation: Operation): void {
    this.lost.set(mark, operation);
    for (const oldest of this.lost.keys()) {
      if (this.lost.size <= WATCHED_MAX) return;
      this.lost.delete(oldest);
    }
  }

  /** To be called when nothing is asked and the log is read up to all that was told. Whose answer was lost and what is in the log is found; it was done by `nowMs`. */
  settle(nowMs: number): { readonly found: readonly Operation[]; readonly contradictions: readonly string[] } {
    const found: Operation[] = [];
    for (const [mark, index] of this.carriedOut) {
      const lost = this.lost.get(mark);
      const told = this.told.get(mark);
      if (lost !== undefined) found.push({ ...lost, endMs: nowMs, index });
      else if (this.denied.has(mark)) this.contradictions.push(`order ${mark} was refused, and is in the log with index ${index}`);
      else if (told === undefined) this.contradictions.push(`nobody waits for order ${mark}, and it is in the log with index ${index}: it was carried out twice, or given by somebody else`);
      else if (told === null) this.contradictions.push(`order ${mark} is said to have changed nothing, and is in the log with index ${index}`);
      else if (told !== index) this.contradictions.push(`order ${mark} was acknowledged with index ${told}, and is in the log with index ${index}`);
      this.lost.delete(mark);
    }
    for (const [mark, index] of this.told) if (index !== null && !this.carriedOut.has(mark)) this.contradictions.push(`order ${mark} was acknowledged with index ${index}, and is not in the log`);
    this.carriedOut.clear();
    this.told.clear();
    return { found, contradictions: this.contradictions.splice(0) };
  }
}
