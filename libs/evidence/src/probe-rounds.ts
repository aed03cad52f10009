/** Decides which silent nodes to probe now: each at its own pace, only so many at once. Reads no clock. */
import type { ProbeResult } from './probe-result.js';

/** After a refusal the proof is completed at once. Milliseconds. */
const AFTER_REFUSAL_MS = 250;
const AFTER_ANSWER_MS = 1000;
const AFTER_SILENCE_MS = 1000;
/** Probes under way. Count. */
const UNDERWAY_MAX = 128;

export class ProbeRounds {
  private readonly dueAtMs = new Map<string, number>();
  private readonly underway = new Set<string>();

  /** Those that were never asked first, then who waited longest: else the first of many silent nodes are asked again and again. */
  inTurn(nodeIds: readonly string[]): readonly string[] {
    const due = (nodeId: string): number => this.dueAtMs.get(nodeId) ?? -1;
    return nodeIds.toSorted((a, b) => due(a) - due(b));
  }

  /** True when the node should be probed now; then `done` must follow. */
  take(nodeId: string, nowMs: number): boolean {
    if (this.underway.has(nodeId) || this.underway.size >= UNDERWAY_MAX || nowMs < (this.dueAtMs.get(nodeId) ?? -Infinity)) return false;
    this.underway.add(nodeId);
    return true;
  }

  done(nodeId: string, result: ProbeResult, nowMs: number): void {
    this.underway.delete(nodeId);
    this.dueAtMs.set(nodeId, nowMs + pause(result));
  }

  /** Forgets the pace of nodes that are silent no more. */
  keepOnly(silent: ReadonlySet<string>): void {
    for (const nodeId of this.dueAtMs.keys()) if (!silent.has(nodeId)) this.dueAtMs.delete(nodeId);
  }
}

function pause(result: ProbeResult): number {
  switch (result) {
    case 'refused':
      return AFTER_REFUSAL_MS;
    case 'answered':
      return AFTER_ANSWER_MS;
    case 'silent':
      return AFTER_SILENCE_MS;
  }
}
