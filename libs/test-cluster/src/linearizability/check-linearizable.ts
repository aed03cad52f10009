/** The verdict over a whole history: order over all registers by index, values register by register. */
import { checkIndexes } from './check-indexes.js';
import { checkRegister } from './check-register.js';
import type { Linearizability, Operation } from './operation.js';

/** `initial` is what every register held before the history began. */
export function checkLinearizable(history: readonly Operation[], initial: string | null = null): Linearizability {
  const order = checkIndexes(history);
  if (order.kind === 'violation') return order;
  const byKey = new Map<string, Operation[]>();
  for (const operation of history) {
    const known = byKey.get(operation.key);
    if (known === undefined) byKey.set(operation.key, [operation]);
    else known.push(operation);
  }
  for (const operations of byKey.values()) {
    const found = checkRegister(operations, initial);
    if (found.kind === 'violation') return found;
  }
  return { kind: 'linearizable', operations: history.length };
}
