/**
 * Whether the places in the log that answers named agree with the order in which they were given, over all registers together. O(n log n).
 *
 * Of two operations of which one ended before the other began the later one has no smaller index, and a greater one when it is a write; no two
 * writes share one. That alone does not make values right: see `register-check.ts`.
 */
import { type Answered, inWords, isAnswered, type Operation, type Violation } from './operation.js';

type Indexed = Answered & { readonly index: number };

export class IndexOrder {
  /** Of all that was answered before the next piece begins, what has the greatest index. */
  private furthest: Indexed | null = null;

  /** The next piece of the history: all of it takes effect after what was taken before was answered. */
  take(operations: readonly Operation[]): Violation | null {
    const indexed = operations.filter((operation): operation is Indexed => isAnswered(operation) && operation.index !== null);
    return twice(indexed) ?? this.backwards(indexed);
  }

  private backwards(indexed: readonly Indexed[]): Violation | null {
    const byEnd = indexed.toSorted((a, b) => a.endMs - b.endMs);
    let ended = 0;
    for (const later of indexed.toSorted((a, b) => a.startMs - b.startMs)) {
      for (let next = byEnd[ended]; next !== undefined && next.endMs < later.startMs; next = byEnd[(ended += 1)]) this.reach(next);
      const { furthest } = this;
      if (furthest === null) continue;
      const least = later.kind === 'write' ? furthest.index + 1 : furthest.index;
      if (later.index < least) return violation(`what began after index ${furthest.index} was told has index ${later.index}`, [furthest, later]);
    }
    for (const rest of byEnd.slice(ended)) this.reach(rest);
    return null;
  }

  private reach(operation: Indexed): void {
    if (this.furthest === null || operation.index > this.furthest.index) this.furthest = operation;
  }
}

function twice(indexed: readonly Indexed[]): Violation | null {
  const writes = new Map<number, Indexed>();
  for (const write of indexed.filter(({ kind }) => kind === 'write')) {
    const other = writes.get(write.index);
    if (other !== undefined) return violation(`two writes have the place ${write.index}`, [other, write]);
    writes.set(write.index, write);
  }
  return null;
}

function violation(reason: string, operations: readonly Operation[]): Violation {
  return { kind: 'violation', key: operations.at(-1)?.key ?? '', reason: `${reason}: ${operations.map(inWords).join('; ')}`, operations };
}
