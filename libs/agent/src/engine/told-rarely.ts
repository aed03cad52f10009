/** Which of the things that happen again and again on a busy machine are worth a line in the log: one of a kind a minute. Reads no clock. */

/** Between two lines of a kind. Milliseconds. */
export const QUIET_MS = 60_000;

export class ToldRarely<K extends string> {
  private readonly told = new Map<K, { atMs: number; untold: number }>();

  /** Whether to tell it, and how many of the kind were not told since the last that was; null when it is not told. */
  happened(kind: K, nowMs: number): number | null {
    const before = this.told.get(kind);
    if (before !== undefined && nowMs - before.atMs < QUIET_MS) {
      before.untold += 1;
      return null;
    }
    this.told.set(kind, { atMs: nowMs, untold: 0 });
    return before?.untold ?? 0;
  }
}
