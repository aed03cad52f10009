/**
 * What really happened, as nobody in the simulated cluster knows it: who lives, what arrived when, when the coordinator could
 * not see. Invariants and figures are judged by this, never by what the code under test says of itself.
 */
import type { Ending } from './simulated-node.js';

/** One process from its start to its end. */
export interface Life {
  readonly nodeId: string;
  /** Counts lives in the order in which they began. */
  readonly number: number;
  readonly incarnation: number;
  readonly startedAtMs: number;
  endedAtMs: number | null;
  how: Ending | null;
  seq: number;
  /** Last sign of life that reached the coordinator's host; null before the first. */
  heardAtMs: number | null;
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export class GroundTruth {
  private readonly lives = new Map<string, Map<number, Life>>();
  private readonly current = new Map<string, Life>();
  private readonly absences: Span[] = [];
  private provenAtMs = 0;
  private livesBegun = 0;

  /** `proofMsMax`: time without proof that beats arrive after which the coordinator cannot be held to have seen. */
  constructor(private readonly proofMsMax: number) {}

  started(nodeId: string, incarnation: number, atMs: number): Life {
    const life: Life = { nodeId, number: this.livesBegun++, incarnation, startedAtMs: atMs, endedAtMs: null, how: null, seq: 0, heardAtMs: null };
    let ofNode = this.lives.get(nodeId);
    if (ofNode === undefined) this.lives.set(nodeId, (ofNode = new Map()));
    ofNode.set(incarnation, life);
    this.current.set(nodeId, life);
    return life;
  }

  ended(nodeId: string, atMs: number, how: Ending): void {
    const life = this.current.get(nodeId);
    if (life === undefined) return;
    life.endedAtMs = atMs;
    life.how = how;
  }

  /** A beat of that life lies in the kernel of the coordinator's host. */
  arrived(life: Life, seq: number, atMs: number): void {
    if (seq <= life.seq) return;
    life.seq = seq;
    life.heardAtMs = atMs;
  }

  /** It answered a probe that was sent at that time. */
  answered(nodeId: string, atMs: number): void {
    const life = this.current.get(nodeId);
    if (life !== undefined) life.heardAtMs = Math.max(life.heardAtMs ?? 0, atMs);
  }

  /** Beats reach the coordinator: proof that what it did not hear did not come. */
  proven(atMs: number): void {
    if (this.isBlind(atMs)) this.absent(this.provenAtMs, atMs);
    this.provenAtMs = atMs;
  }

  /** The coordinator did not observe then. Overlapping times count once. */
  absent(fromMs: number, toMs: number): void {
    let span: Span = { fromMs, toMs };
    for (let last = this.absences.at(-1); last !== undefined && last.toMs >= span.fromMs; last = this.absences.at(-1)) {
      span = { fromMs: Math.min(last.fromMs, span.fromMs), toMs: Math.max(last.toMs, span.toMs) };
      this.absences.pop();
    }
    this.absences.push(span);
  }

  /** It observes again from now on, although it was to be absent for longer. */
  back(atMs: number): void {
    while ((this.absences.at(-1)?.fromMs ?? -1) >= atMs) this.absences.pop();
    const last = this.absences.pop();
    if (last !== undefined) this.absences.push({ fromMs: last.fromMs, toMs: Math.min(last.toMs, atMs) });
  }

  life(nodeId: string, incarnation: number): Life | undefined {
    return this.lives.get(nodeId)?.get(incarnation);
  }

  /** From when on silence since `heardAtMs` may be held against the node: a short absence moves that by its length, a long one begins anew. */
  silentSince(heardAtMs: number, graceFromMs: number): number {
    let sinceMs = heardAtMs;
    for (const { fromMs, toMs } of this.absencesAfter(heardAtMs)) sinceMs = toMs - fromMs >= graceFromMs ? toMs : Math.min(toMs, sinceMs + toMs - fromMs);
    return sinceMs;
  }

  /** True when nothing proved for too long that beats reach the coordinator, while it ran. */
  isBlind(atMs: number): boolean {
    if (atMs - this.provenAtMs <= this.proofMsMax) return false;
    return atMs - this.provenAtMs - sum(this.sharedWith(this.provenAtMs, atMs)) > this.proofMsMax;
  }

  /** Time in which the coordinator did not observe, and how often that was. */
  absence(fromMs: number, toMs: number): { readonly ms: number; readonly count: number } {
    const shared = this.sharedWith(fromMs, toMs);
    const unprovenFromMs = Math.max(this.provenAtMs, fromMs);
    if (this.isBlind(toMs)) shared.push(Math.max(0, toMs - unprovenFromMs - sum(this.sharedWith(unprovenFromMs, toMs))));
    return { ms: sum(shared), count: shared.length };
  }

  /** How much of each absence lies between these times. */
  private sharedWith(fromMs: number, toMs: number): number[] {
    return this.absencesAfter(fromMs).map((span) => Math.min(span.toMs, toMs) - Math.max(span.fromMs, fromMs)).filter((ms) => ms > 0);
  }

  private absencesAfter(fromMs: number): readonly Span[] {
    const first = this.absences.findLastIndex(({ toMs }) => toMs <= fromMs) + 1;
    return this.absences.slice(first);
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
