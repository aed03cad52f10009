/**
 * What really happened, as nobody in the simulated cluster knows it: who lives, what arrived when, when the coordinator could
 * not see. Invariants and figures are judged by this, never by what the code under test says of itself.
 */
import { Attention } from './attention.js';
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
  /** When the latest sign of life that reached it was given. */
  aliveAtMs: number;
}

export class GroundTruth {
  /** How the coordinator attended to each partition of the bus. */
  readonly attentions: readonly Attention[];
  private readonly lives = new Map<string, Map<number, Life>>();
  private readonly current = new Map<string, Life>();
  private livesBegun = 0;

  constructor(options: { readonly proofMsMax: number; readonly partitions: number }) {
    this.attentions = Array.from({ length: options.partitions }, () => new Attention(options.proofMsMax));
  }

  started(nodeId: string, incarnation: number, atMs: number): Life {
    const life: Life = { nodeId, number: this.livesBegun++, incarnation, startedAtMs: atMs, endedAtMs: null, how: null, seq: 0, heardAtMs: null, aliveAtMs: atMs };
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
  arrived(life: Life, { seq, madeAtMs }: { readonly seq: number; readonly madeAtMs: number }, atMs: number): void {
    if (seq <= life.seq) return;
    life.seq = seq;
    life.heardAtMs = atMs;
    life.aliveAtMs = Math.max(life.aliveAtMs, madeAtMs);
  }

  /** It answered a probe that was sent at that time. */
  answered(nodeId: string, atMs: number): void {
    const life = this.current.get(nodeId);
    if (life === undefined) return;
    life.heardAtMs = Math.max(life.heardAtMs ?? 0, atMs);
    life.aliveAtMs = Math.max(life.aliveAtMs, atMs);
  }

  life(nodeId: string, incarnation: number): Life | undefined {
    return this.lives.get(nodeId)?.get(incarnation);
  }

  attention(partition: number): Attention {
    const found = this.attentions[partition];
    if (found === undefined) throw new Error(`there is no partition ${partition}`);
    return found;
  }

  /** What comes by any way proves all of them; a partition proves itself. */
  proven(partition: number | null, atMs: number): void {
    if (partition === null) this.attentions.forEach((attention) => attention.proven(atMs));
    else this.attention(partition).proven(atMs);
  }

  /** The coordinator did not run then. */
  absent(fromMs: number, toMs: number): void {
    for (const attention of this.attentions) attention.absent(fromMs, toMs);
  }

  back(atMs: number): void {
    for (const attention of this.attentions) attention.back(atMs);
  }
}
