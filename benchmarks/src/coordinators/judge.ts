/** Judges what clients were told, trial by trial, so that a long drill keeps only the trial that is going on. Tells what it finds at once. */
import type { HistoryPiece } from '@muster/test-cluster';
import { HistoryCheck } from '@muster/testing';
import { tell } from '../progress.js';

export class Judge {
  /** Members were not cordoned when it began. */
  private readonly check = new HistoryCheck('false');
  private broken = false;
  /** Operations that were answered. Count. */
  operations = 0;
  /** Orders that the log knows otherwise than was told: acknowledged and lost, refused and carried out, carried out twice. Count. */
  contradictions = 0;

  /** True since an answer did not fit: what comes after it proves nothing. */
  get isBroken(): boolean {
    return this.broken;
  }

  take({ operations, contradictions }: HistoryPiece): void {
    this.operations += operations.length;
    this.contradictions += contradictions.length;
    for (const contradiction of contradictions) tell(`coordinators: ${contradiction}`);
    if (this.broken) return;
    const verdict = this.check.take(operations);
    if (verdict.kind === 'linearizable') return;
    this.broken = true;
    tell(`coordinators: ${verdict.key}: ${verdict.reason}\n${verdict.operations.map((operation) => JSON.stringify(operation)).join('\n')}`);
  }
}
