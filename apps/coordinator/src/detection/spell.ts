/**
 * Trouble that comes again and again is one spell, so that a log tells it and is not buried by it: at once when it begins,
 * at most once a minute while it comes back, and that it is over. Decides when to tell, not what is trouble; reads no clock.
 */

/** Between two lines about the same spell, and for how long none must come for it to be over. Milliseconds. */
export const CALM_MS = 60_000;

export interface SpellTold {
  /** How often it came since the spell began; 1 when it begins. Count. */
  readonly times: number;
  /** From its beginning to the last that came of it. Milliseconds. */
  readonly forMs: number;
  readonly longestMs: number;
}

export class Spell {
  private begunAtMs = 0;
  private cameAtMs = -Infinity;
  private toldAtMs = -Infinity;
  private times = 0;
  private longestMs = 0;

  /** It came, and took `tookMs`: what is to be told about it now, null when nothing is. */
  came(tookMs: number, nowMs: number): SpellTold | null {
    if (this.times === 0) this.begunAtMs = nowMs - tookMs;
    this.times += 1;
    this.longestMs = Math.max(this.longestMs, tookMs);
    this.cameAtMs = nowMs;
    if (nowMs - this.toldAtMs < CALM_MS) return null;
    this.toldAtMs = nowMs;
    return this.told();
  }

  /** To be asked regularly: what the spell was, once, when it is over. One that came only once was told in full when it came. */
  over(nowMs: number): SpellTold | null {
    if (this.times === 0 || nowMs - this.cameAtMs < CALM_MS) return null;
    const told = this.times === 1 ? null : this.told();
    this.times = 0;
    this.longestMs = 0;
    return told;
  }

  private told(): SpellTold {
    return { times: this.times, forMs: this.cameAtMs - this.begunAtMs, longestMs: this.longestMs };
  }
}
