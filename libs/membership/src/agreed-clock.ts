/**
 * Time as the log knows it, for what fades or expires in the agreed state: the wall times inside the commands, made never to go back.
 *
 * A new term may be another machine with another clock, minutes apart: of the time between two terms only a little is believed. In
 * one term, small steps back are commands that were made out of order: time stands still until they are made good. A large one is a clock
 * that was set: time goes on from there, else a clock that was once an hour ahead would stop all fading for an hour. A step ahead in
 * one term cannot be told apart from a time without commands; it counts.
 */
export interface AgreedTime {
  /** Term of the latest command; 0 before the first. */
  readonly term: number;
  /** Latest wall time that was taken in. Milliseconds since 1970. */
  readonly unixMs: number;
  /** What agreed time is ahead of that. Milliseconds. */
  readonly offsetMs: number;
}

/** A step back beyond which a clock was set. Milliseconds. */
export const STEP_BACK_MS = 60_000;
/** Most that is believed to have passed between the commands of two terms. Milliseconds. */
export const TERM_GAP_MS_MAX = 10_000;

export class AgreedClock {
  constructor(private time: AgreedTime = { term: 0, unixMs: 0, offsetMs: 0 }) {}

  /** Takes in the wall time of a command. */
  advance(atUnixMs: number, term: number): void {
    const { unixMs, offsetMs } = this.time;
    const aheadMs = atUnixMs - unixMs;
    if (this.time.term === 0) this.time = { term, unixMs: atUnixMs, offsetMs };
    else if (term > this.time.term) this.time = { term, unixMs: atUnixMs, offsetMs: offsetMs - aheadMs + Math.min(Math.max(0, aheadMs), TERM_GAP_MS_MAX) };
    else if (aheadMs >= 0) this.time = { term, unixMs: atUnixMs, offsetMs };
    else if (aheadMs < -STEP_BACK_MS) this.time = { term, unixMs: atUnixMs, offsetMs: offsetMs - aheadMs };
  }

  /** Agreed time that a command of this term with this wall time would have, without taking it in. */
  at(unixMs: number): number {
    return Math.max(unixMs, this.time.unixMs) + this.time.offsetMs;
  }

  /** Agreed time of the latest command. */
  get nowMs(): number {
    return this.time.unixMs + this.time.offsetMs;
  }

  /** An agreed time as wall time, by the clock that leads now. Whole milliseconds since 1970. */
  unixMs(agreedMs: number): number {
    return Math.ceil(agreedMs - this.time.offsetMs);
  }

  snapshot(): AgreedTime {
    return this.time;
  }
}
