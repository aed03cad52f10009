/** Time as the shell sees it; the cores only get numbers. */

export interface Clock {
  /** Monotonic. Milliseconds. */
  nowMs(): number;
  /** Wall time; may jump. Milliseconds since 1970. */
  nowUnixMs(): number;
  /** Calls once after `delayMs`; it may be late, and by a fraction of a millisecond early. */
  wakeAfter(delayMs: number, wake: () => void): { cancel(): void };
}

/** Longest delay that Node's timers keep. Milliseconds. */
const DELAY_MS_MAX = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  nowUnixMs: () => Date.now(),
  wakeAfter(delayMs, wake) {
    const timer = setTimeout(wake, Math.min(Math.max(0, delayMs), DELAY_MS_MAX));
    return { cancel: () => clearTimeout(timer) };
  },
};
