/** How long a lane waits before it tries its coordinator again. Pure: the caller waits and rolls the dice. */

/** A lane that was open for less counts as one that failed: otherwise a door that is slammed each time is run against without a pause. */
const STABLE_MS = 5000;
const BACK_OFF_MS_MIN = 100;
const BACK_OFF_MS_MAX = 5000;

export class LaneBackOff {
  private failures = 0;

  /** 0 at first, then between half of a growing pause and all of it, so that agents do not come in step. `random` is 0 <= x < 1. */
  delayMs(random: number): number {
    if (this.failures === 0) return 0;
    return Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS_MIN * 2 ** Math.min(this.failures - 1, 16)) * (0.5 + random / 2);
  }

  /** The lane ended after it was open for `openMs`; 0 when it never was. */
  ended(openMs: number): void {
    this.failures = openMs >= STABLE_MS ? 1 : this.failures + 1;
  }
}
