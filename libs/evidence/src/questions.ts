/**
 * The open questions, one per node that is late or whose lane was closed, and when each must be thought about again.
 *
 * With thousands of them at once nobody may pass over all for each beat, answer or deadline: a look comes only so often, and of the
 * questions only those are thought about whose time has come.
 */
import { Trouble } from './trouble.js';

/** So many questions are all thought about at each look: it costs nothing, and what others found may matter. Count. */
const FEW = 32;
/** Beyond that, each again after so much time, for each question more, and at most. Milliseconds. */
const REVIEW_MS_EACH = 0.25;
const REVIEW_MS_MAX = 1000;
/** Time between two looks: with few questions, for each one more, and at most. Milliseconds. */
const LOOKS_APART_MS_MIN = 5;
const LOOKS_APART_MS_EACH = 0.05;
const LOOKS_APART_MS_MAX = 250;

export class Questions {
  private readonly open = new Map<string, Trouble>();
  private lookedAtMs = -Infinity;
  /** The earliest time at which time alone changes anything, or an earlier one. */
  private nextAtMs = Infinity;

  get(nodeId: string): Trouble | undefined {
    return this.open.get(nodeId);
  }

  has(nodeId: string): boolean {
    return this.open.has(nodeId);
  }

  all(): ReadonlyMap<string, Trouble> {
    return this.open;
  }

  get size(): number {
    return this.open.size;
  }

  /** The question about that life of the node; a new one when there is none. */
  ask(nodeId: string, incarnation: number, nowMs: number): Trouble {
    const known = this.open.get(nodeId);
    if (known?.incarnation === incarnation) return known;
    this.close(nodeId);
    const trouble = new Trouble(incarnation, nowMs);
    this.open.set(nodeId, trouble);
    this.noLaterThan(nowMs);
    return trouble;
  }

  close(nodeId: string): void {
    const trouble = this.open.get(nodeId);
    if (trouble === undefined) return;
    trouble.isClosed = true;
    this.open.delete(nodeId);
  }

  /** Something about one of them changes then. */
  noLaterThan(atMs: number): void {
    if (atMs < this.nextAtMs) this.nextAtMs = atMs;
  }

  /** It was thought about just now; time alone changes that at `nextMs`. */
  thought(trouble: Trouble, nextMs: number, nowMs: number): void {
    trouble.changesAtMs = nextMs;
    trouble.reviewAtMs = nowMs + Math.min(REVIEW_MS_MAX, REVIEW_MS_EACH * Math.max(0, this.open.size - FEW));
    this.noLaterThan(nextMs);
  }

  /** A look begins: nodes that must be thought about. Who is proven gone is, each time: they wait for each other. */
  due(nowMs: number): string[] {
    this.lookedAtMs = nowMs;
    this.nextAtMs = Infinity;
    const due: string[] = [];
    for (const [nodeId, { changesAtMs, reviewAtMs, dueAtMs, provenGoneAtMs }] of this.open) {
      if (changesAtMs <= nowMs || reviewAtMs <= nowMs || provenGoneAtMs !== null) due.push(nodeId);
      if (changesAtMs > nowMs) this.noLaterThan(changesAtMs);
      if (dueAtMs > nowMs) this.noLaterThan(dueAtMs);
    }
    return due;
  }

  /** When to look next, given when else anything changes. */
  nextMs(elseMs: number, nowMs: number): number {
    const apartMs = Math.min(LOOKS_APART_MS_MAX, LOOKS_APART_MS_MIN + LOOKS_APART_MS_EACH * this.open.size);
    return Math.max(Math.min(this.nextAtMs, elseMs), this.lookedAtMs + apartMs, nowMs);
  }
}
