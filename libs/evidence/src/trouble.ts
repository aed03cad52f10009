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

/** How long somebody counts as one who does not answer, and how long he is asked after all others for it. Milliseconds. */
const UNANSWERED_MS_MAX = 5000;
const ASKED_LAST_MS_MAX = 20_000;
/** Probes remembered for people. Count. */
const HISTORY_MAX = 16;

export class Trouble {
  private readonly opinionsBy = new Map<string, Opinion>();
  /** Who was asked to look and said nothing, and when that was clear; oldest first. */
  private readonly unansweredBy = new Map<string, number>();
  private history: readonly ProbeSeen[] = [];
  /** When our own next look is due. */
  dueAtMs: number;
  /** Looks begun. Count. */
  rounds = 0;
  /** When the last of them was begun, and who was asked to look. */
  askedAtMs = -Infinity;
  asked: readonly string[] = [];
  /** Who got an answer last: asked again each time, whoever else has his turn. */
  seenBy: string | null = null;
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
    this.unansweredBy.delete(seen.by);
    if (seen.result === 'answered') this.seenBy = seen.by;
    this.opinionsBy.set(seen.by, { result: seen.result, inRow: before?.result === seen.result ? before.inRow + 1 : 1, atMs: seen.atMs });
  }

  /** Somebody was asked to look, and whether the question or the answer was lost, nothing came. Whatever he said before is old. */
  unanswered(by: string, nowMs: number): void {
    this.unansweredBy.delete(by);
    this.unansweredBy.set(by, nowMs);
    for (const [other, atMs] of this.unansweredBy) {
      if (nowMs - atMs <= ASKED_LAST_MS_MAX) break;
      this.unansweredBy.delete(other);
    }
  }

  /** Whether that member did not answer lately. */
  isUnanswered(by: string, nowMs: number): boolean {
    const atMs = this.unansweredBy.get(by);
    return atMs !== undefined && nowMs - atMs <= UNANSWERED_MS_MAX;
  }

  /** Whether others are to be asked before that member. */
  isAskedLast(by: string, nowMs: number): boolean {
    const atMs = this.unansweredBy.get(by);
    return atMs !== undefined && nowMs - atMs <= ASKED_LAST_MS_MAX;
  }

  /** All who did not answer lately, and some who did not before that. */
  get unansweringIds(): IterableIterator<string> {
    return this.unansweredBy.keys();
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
