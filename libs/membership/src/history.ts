/**
 * The changes of the past, oldest first: the outbox of what is not published yet, and behind it what readers who resume can still get.
 *
 * Changes of one entry stay together: no page and no trimming cuts between them, because a reader names its place by the index alone.
 */
import type { Change } from './change.js';

export interface HistoryLimits {
  /** Published changes that are kept. Count. */
  readonly historyMax: number;
  /** Changes that are kept unpublished. Count. */
  readonly outboxMax: number;
}

export interface HistoryState {
  readonly publishedIndex: number;
  readonly outboxDropped: number;
  readonly forgottenIndex: number;
  readonly changes: readonly Change[];
}

export class History {
  private readonly changes: Change[];
  private published: number;
  private dropped: number;
  private forgotten: number;

  constructor(state: HistoryState = { publishedIndex: 0, outboxDropped: 0, forgottenIndex: 0, changes: [] }) {
    this.changes = [...state.changes];
    this.published = state.publishedIndex;
    this.dropped = state.outboxDropped;
    this.forgotten = state.forgottenIndex;
  }

  push(changes: readonly Change[]): void {
    for (const change of changes) this.changes.push(change);
  }

  /** The cursor never goes back, nor ahead of the log. */
  publish(upToIndex: number, lastIndex: number): void {
    this.published = Math.min(Math.max(this.published, upToIndex), lastIndex);
  }

  /** At most `limit` (>= 1), or all changes of one entry when that has more. */
  after(index: number, limit: number): readonly Change[] {
    const from = this.firstAfter(index);
    const to = this.entryStart(from + limit);
    return this.changes.slice(from, to > from ? to : this.entryEnd(from));
  }

  get outboxLength(): number {
    return this.changes.length - this.firstAfter(this.published);
  }

  get outboxDropped(): number {
    return this.dropped;
  }

  get publishedIndex(): number {
    return this.published;
  }

  get forgottenIndex(): number {
    return this.forgotten;
  }

  snapshot(): HistoryState {
    return { publishedIndex: this.published, outboxDropped: this.dropped, forgottenIndex: this.forgotten, changes: [...this.changes] };
  }

  /** Keeps what is not published, up to a limit, and the latest of what is. In steps, because moving an array costs its length. */
  trim({ historyMax, outboxMax }: HistoryLimits): void {
    const surplus = this.changes.length - historyMax;
    if (surplus < historyMax / 4) return;
    const publishedCount = this.firstAfter(this.published);
    const overflow = this.changes.length - publishedCount - outboxMax;
    const drop = overflow > 0 ? this.entryEnd(publishedCount + overflow - 1) : this.entryStart(Math.min(surplus, publishedCount));
    if (drop === 0) return;
    this.dropped += Math.max(0, drop - publishedCount);
    this.forgotten = this.changes.splice(0, drop).at(-1)?.index ?? this.forgotten;
  }

  /** Position of the first change after `index`: binary search, the list is ordered. */
  private firstAfter(index: number): number {
    let low = 0;
    let high = this.changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.changes[middle]?.index ?? Infinity) <= index) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The position, or that of the first change of its entry. */
  private entryStart(position: number): number {
    const at = this.changes[position];
    return at === undefined ? Math.min(position, this.changes.length) : position - at.ordinal;
  }

  /** The position behind the last change of the entry that is there. */
  private entryEnd(position: number): number {
    const at = this.changes[position];
    return at === undefined ? this.changes.length : this.firstAfter(at.index);
  }
}
