/** Whom to probe now. Stands for `ProbeRounds` of apps/coordinator, which the simulation cannot import: same figures. */
import type { ProbeResult } from '../simulated-node.js';

const PAUSE_MS: Readonly<Record<ProbeResult, number>> = { refused: 250, answered: 1000, silent: 1000 };
/** Probes under way. Count. */
const UNDERWAY_MAX = 128;

export class ProbePace {
  private readonly dueAtMs = new Map<string, number>();
  private readonly underway = new Set<string>();

  /** Who waited longest comes first. */
  inTurn(nodeIds: readonly string[]): readonly string[] {
    const due = (nodeId: string): number => this.dueAtMs.get(nodeId) ?? -1;
    return nodeIds.toSorted((a, b) => due(a) - due(b));
  }

  take(nodeId: string, nowMs: number): boolean {
    if (this.underway.has(nodeId) || this.underway.size >= UNDERWAY_MAX || nowMs < (this.dueAtMs.get(nodeId) ?? -Infinity)) return false;
    this.underway.add(nodeId);
    return true;
  }

  done(nodeId: string, result: ProbeResult, nowMs: number): void {
    this.underway.delete(nodeId);
    this.dueAtMs.set(nodeId, nowMs + PAUSE_MS[result]);
  }

  keepOnly(silent: ReadonlySet<string>): void {
    for (const nodeId of this.dueAtMs.keys()) if (!silent.has(nodeId)) this.dueAtMs.delete(nodeId);
  }
}
