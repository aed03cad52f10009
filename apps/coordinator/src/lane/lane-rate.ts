/**
 * How much one lane may bring: more than any agent does, less than what would keep this coordinator busy. Pure.
 *
 * An agent sends at most a hundred beats a second and answers to the probes that it was asked for.
 */
const WINDOW_MS = 1000;
const MESSAGES_MAX = 1000;
const BYTES_MAX = 8 * 1024 * 1024;

export class LaneRate {
  private windowFromMs = Number.NEGATIVE_INFINITY;
  private messages = 0;
  private bytes = 0;

  /** False when that is too much within a second. */
  take(messages: number, bytes: number, nowMs: number): boolean {
    if (nowMs - this.windowFromMs >= WINDOW_MS) {
      this.windowFromMs = nowMs;
      this.messages = 0;
      this.bytes = 0;
    }
    this.messages += messages;
    this.bytes += bytes;
    return this.messages <= MESSAGES_MAX && this.bytes <= BYTES_MAX;
  }
}
