/**
 * Says in the log which lanes were cut off, and why: a line per reason now and then, however many there are. Each one is counted elsewhere.
 */
import type { Logger } from '@muster/contracts';
import type { CutReason } from './lane.js';

/** Between two lines for the same reason. Milliseconds. */
const QUIET_MS = 10_000;

export class CutLog {
  private readonly said = new Map<CutReason, { atMs: number; untold: number }>();

  constructor(private readonly logger: Pick<Logger, 'warn'>) {}

  /** `member` is who it said to be, if it did. */
  note(cut: CutReason, member: string | undefined, nowMs: number): void {
    // What is part of an orderly life.
    if (cut === 'ending' || cut === 'replaced' || cut === 'idle') return;
    const before = this.said.get(cut);
    if (before !== undefined && nowMs - before.atMs < QUIET_MS) {
      before.untold += 1;
      return;
    }
    this.said.set(cut, { atMs: nowMs, untold: 0 });
    this.logger.warn({ member, cut, untold: before?.untold ?? 0 }, `a direct lane was cut off: ${cut}`);
  }
}
