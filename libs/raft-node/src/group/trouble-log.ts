/**
 * Which troubles of connections are told in the log: each text once a minute, and no more than a few lines in that time, however many ports are scanned
 * and however often a link comes and goes. What is not told is counted in the next line. Reads no clock.
 */
import type { Logger } from '@muster/contracts';

/** How long a text that was told is not told again. Milliseconds. */
export const QUIET_MS = 60_000;
/** Lines in that time, of all texts together. Count. */
export const LINES_MAX = 10;

export class TroubleLog {
  /** When texts were told, the oldest first. */
  private readonly toldAtMs = new Map<string, number>();
  private untold = 0;

  constructor(private readonly logger: Pick<Logger, 'warn'>) {}

  note(trouble: string, nowMs: number): void {
    for (const [text, atMs] of this.toldAtMs) if (nowMs - atMs >= QUIET_MS) this.toldAtMs.delete(text);
    if (this.toldAtMs.has(trouble) || this.toldAtMs.size >= LINES_MAX) {
      this.untold += 1;
      return;
    }
    this.toldAtMs.set(trouble, nowMs);
    this.logger.warn({ trouble, untold: this.untold }, 'Raft connection failed');
    this.untold = 0;
  }
}
