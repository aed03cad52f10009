/**
 * One node about which there is a question: what probes of it found since its last sign of life, and what is under way.
 *
 * Exists only while the question does; a new beat answers it.
 */
import type { ProbeResult } from '@muster/contracts';

export interface ProbeSeen {
  readonly by: string;
  readonly result: ProbeResult;
  readonly atMs: number;
  readonly mainLagMs: number;
}

/** What one observer found, lately and in a row. */
export interface Opinion {
  readonly result: ProbeResult;
  /** Same result in a row. Count, >= 1. */
  readonly inRow: number;
  readonly atMs: number;
}

/** Probes remembered for people. Count. */
const HISTORY_MAX = 16;

export class Trouble {
  private readonly opinionsBy = new Map<string, Opinion>();
  private history: readonly ProbeSeen[] = [];
  /** When our own next look is due. */
  dueAtMs: number;
  /** Looks begun. Count. */
  rounds = 0;
  /** When the last of them was begun, and who was asked to look. */
  askedAtMs = -Infinity;
  asked: readonly string[] = [];
  /** When its direct lane was closed on us; null when that is not what raised the question. */
  laneClosedAtMs: number | null = null;
  /** Since when it is proven gone, and waits for company. */
  provenGoneAtMs: number | null = null;
  /** When time alone changes what is to be thought of it, and when to think of it anyway. */
  changesAtMs = -Infinity;
  reviewAtMs = -Infinity;
  /** Nobody asks any more. */
  isClosed = false;
  private wasLookedAt = false;

  constructor(
    readonly incarnation: number,
    nowMs: number,
  ) {
    this.dueAtMs = nowMs;
  }

  /** A look came back. Says whether it is the first. */
  looked(): boolean {
    const isFirst = !this.wasLookedAt;
    this.wasLookedAt = true;
    return isFirst;
  }

  note(seen: ProbeSeen): void {
    this.history = [seen, ...this.history.slice(0, HISTORY_MAX - 1)];
    const before = this.opinionsBy.get(seen.by);
    this.opinionsBy.set(seen.by, { result: seen.result, inRow: before?.result === seen.result ? before.inRow + 1 : 1, atMs: seen.atMs });
  }

  /** A sign of life: what was found before it says nothing any more. */
  signOfLife(): void {
    this.opinionsBy.clear();
    this.provenGoneAtMs = null;
    this.laneClosedAtMs = null;
  }

  /** Our own last opinion, if any. */
  opinion(by: string): Opinion | undefined {
    return this.opinionsBy.get(by);
  }

  opinions(): ReadonlyMap<string, Opinion> {
    return this.opinionsBy;
  }

  /** Newest first. */
  get probes(): readonly ProbeSeen[] {
    return this.history;
  }
}
