/**
 * Whether the places in the log that answers named agree with the order in which they were given, over all registers together. O(n log n).
 *
 * Of two operations of which one ended before the other began the later one has no smaller index, and a greater one when it is a write; no two
 * writes share one. That alone does not make values right: see `check-register.ts`.
 */
import { type Answered, inWords, isAnswered, type Linearizability, type Operation } from './operation.js';

type Indexed = Answered & { readonly index: number };

export function checkIndexes(history: readonly Operation[]): Linearizability {
  const indexed = history.filter((operation): operation is Indexed => isAnswered(operation) && operation.index !== null);
  return twice(indexed) ?? backwards(indexed) ?? { kind: 'linearizable', operations: indexed.length };
}

function twice(indexed: readonly Indexed[]): Linearizability | null {
  const writes = new Map<number, Indexed>();
  for (const write of indexed.filter(({ kind }) => kind === 'write')) {
    const other = writes.get(write.index);
    if (other !== undefined) return violation(`two writes have the place ${write.index}`, [other, write]);
    writes.set(write.index, write);
  }
  return null;
}

function backwards(indexed: readonly Indexed[]): Linearizability | null {
  const byEnd = indexed.toSorted((a, b) => a.endMs - b.endMs);
  let ended = 0;
  let furthest: Indexed | null = null;
  for (const later of indexed.toSorted((a, b) => a.startMs - b.startMs)) {
    for (let next = byEnd[ended]; next !== undefined && next.endMs < later.startMs; next = byEnd[(ended += 1)]) {
      if (furthest === null || next.index > furthest.index) furthest = next;
    }
    if (furthest === null) continue;
    const least = later.kind === 'write' ? furthest.index + 1 : furthest.index;
    if (later.index < least) return violation(`what began after index ${furthest.index} was told has index ${later.index}`, [furthest, later]);
  }
  return null;
}

function violation(reason: string, operations: readonly Operation[]): Linearizability {
  return { kind: 'violation', key: operations.at(-1)?.key ?? '', reason: `${reason}: ${operations.map(inWords).join('; ')}`, operations };
}
