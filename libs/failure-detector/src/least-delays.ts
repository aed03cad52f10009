/**
 * How long a beat waited on its way, without a common clock: its arrival less its sending is clock offset plus delay, and the least
 * of those seen lately is the offset plus the delay of a way that was free.
 *
 * Two generations of beats are remembered, each of 32: a sender whose clock drifts by 200 ppm is then wrong by less than 1.3 % of its
 * interval, and a clock that was set back, or a host that slept, is believed again after 64 beats at most.
 */
import { grown } from './grown.js';

const GENERATION_BEATS = 32;

const LEAST = 0;
const LEAST_BEFORE = 1;
const BEATS = 2;
const STRIDE = 3;

export class LeastDelays {
  private columns = new Float64Array(0);

  reserve(count: number): void {
    this.columns = grown(this.columns, count * STRIDE);
  }

  clear(slot: number): void {
    const at = slot * STRIDE;
    this.columns[at + LEAST] = Infinity;
    this.columns[at + LEAST_BEFORE] = Infinity;
    this.columns[at + BEATS] = 0;
  }

  /** Notes arrival less sending, on two clocks, and says how long this beat waited more than the luckiest of late. Milliseconds, >= 0. */
  note(slot: number, apparentMs: number): number {
    const at = slot * STRIDE;
    const { columns } = this;
    if (columns[at + BEATS]! >= GENERATION_BEATS) {
      columns[at + LEAST_BEFORE] = columns[at + LEAST]!;
      columns[at + LEAST] = apparentMs;
      columns[at + BEATS] = 0;
    }
    columns[at + BEATS] = columns[at + BEATS]! + 1;
    if (apparentMs < columns[at + LEAST]!) columns[at + LEAST] = apparentMs;
    return apparentMs - Math.min(columns[at + LEAST]!, columns[at + LEAST_BEFORE]!);
  }
}
