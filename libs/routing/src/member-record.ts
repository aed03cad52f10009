/**
 * What the caller itself lived through with one member: requests under way, connections that failed.
 *
 * Decides when a member deserves to be ejected and for how long; how many may be ejected at once is the router's rule.
 */
import type { RoutingConfig } from './config.js';

export type Outcome =
  /** The member answered, whatever it said. */
  | 'answered'
  /** No connection, or it broke before a byte of an answer. */
  | 'unreachable'
  /** The caller gave up, which says nothing about the member. */
  | 'abandoned';

export class MemberRecord {
  inflight = 0;
  private failuresInARow = 0;
  private ejections = 0;
  private ejectedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(readonly incarnation: number) {}

  started(): void {
    this.inflight += 1;
  }

  finished(outcome: Outcome, nowMs: number, config: RoutingConfig): void {
    this.inflight = Math.max(0, this.inflight - 1);
    switch (outcome) {
      case 'answered':
        this.failuresInARow = 0;
        this.ejections = 0;
        this.ejectedUntilMs = Number.NEGATIVE_INFINITY;
        break;
      case 'unreachable':
        this.failed(nowMs, config);
        break;
      case 'abandoned':
        break;
    }
  }

  /** Until when it ought to be left alone; in the past when it need not. */
  wantsEjectionUntilMs(): number {
    return this.ejectedUntilMs;
  }

  /**
   * By how much failures in a row lower the weight. 0..1. This is what helps where ejecting is not allowed: of two
   * members, a dead one gets every 17th request after three failures, not every second.
   */
  trust(): number {
    return 1 / (1 + Math.min(this.failuresInARow, 8)) ** 2;
  }

  /** Requests already on their way when it was ejected fail too; they do not lengthen the ejection. */
  private failed(nowMs: number, config: RoutingConfig): void {
    this.failuresInARow += 1;
    if (this.failuresInARow < config.failureCountMax || nowMs < this.ejectedUntilMs) return;
    this.ejectedUntilMs = nowMs + Math.min(config.ejectMsMax, config.ejectMs * 2 ** Math.min(this.ejections, 20));
    this.ejections += 1;
  }
}
