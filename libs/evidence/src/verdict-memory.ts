/** The last SUSPECT or DOWN of each node that we proposed, with what we knew then. */
import type { Why } from '@muster/contracts';

export type Verdict = NonNullable<Why['lastVerdict']>;

/** Verdicts kept; the oldest goes first. Count. */
const VERDICTS_MAX = 4096;

export class VerdictMemory {
  private readonly verdicts = new Map<string, Verdict>();

  keep(nodeId: string, verdict: Verdict): void {
    this.verdicts.delete(nodeId);
    this.verdicts.set(nodeId, verdict);
    if (this.verdicts.size <= VERDICTS_MAX) return;
    const oldest = this.verdicts.keys().next();
    if (oldest.done !== true) this.verdicts.delete(oldest.value);
  }

  get(nodeId: string): Verdict | null {
    return this.verdicts.get(nodeId) ?? null;
  }

  forget(nodeId: string): void {
    this.verdicts.delete(nodeId);
  }
}
