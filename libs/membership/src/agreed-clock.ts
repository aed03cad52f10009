/**
 * Time as the log knows it, for what fades or expires in the agreed state: the wall times inside the commands, made never to go back.
 *
 * Small steps back are leaders whose clocks differ a little: time stands still until they are made good. A large one is a clock that was
 * set: time goes on from there, else a clock that was once an hour ahead would stop all fading for an hour. Steps ahead cannot be told
 * apart from a time without commands; they count.
 */
export interface AgreedTime {
  /** Latest wall time that was taken in. Milliseconds since 1970. */
  readonly unixMs: number;
  /** What was made good of steps back, so far. Milliseconds. */
  readonly offsetMs: number;
}

/** A step back beyond which a clock was set, rather than two of them differ. Milliseconds. */
export const STEP_BACK_MS = 60_000;

export class AgreedClock {
  constructor(private time: AgreedTime = { unixMs: 0, offsetMs: 0 }) {}

  /** Takes in the wall time of a command. */
  advance(atUnixMs: number): void {
    const { unixMs, offsetMs } = this.time;
    if (atUnixMs >= unixMs) this.time = { unixMs: atUnixMs, offsetMs };
    else if (unixMs - atUnixMs > STEP_BACK_MS) this.time = { unixMs: atUnixMs, offsetMs: offsetMs + unixMs - atUnixMs };
  }

  /** Agreed time that a command with this wall time would have, without taking it in. */
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
