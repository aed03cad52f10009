/**
 * The verdict over a history: order over all registers by index, values register by register. A long history is handed over piece by piece, cut
 * where no operation is open, so that no piece has to be kept; the verdict is that over the whole.
 */
import { IndexOrder } from './index-order.js';
import type { Linearizability, Operation } from './operation.js';
import { RegisterCheck } from './register-check.js';

export class HistoryCheck {
  private readonly order = new IndexOrder();
  private readonly registers = new Map<string, RegisterCheck>();

  /** `initial`: what every register held before the history began. */
  constructor(private readonly initial: string | null = null) {}

  /**
   * The next piece: all of it takes effect after everything that was taken before was answered, but for writes whose answer was lost, which are
   * given once, with the piece in which they began or, when the log shows them later, in the one that they are found in. After a violation it is of no more use.
   */
  take(operations: readonly Operation[]): Linearizability {
    const outOfOrder = this.order.take(operations);
    if (outOfOrder !== null) return outOfOrder;
    for (const [key, piece] of Map.groupBy(operations, (operation) => operation.key)) {
      const found = this.register(key).take(piece);
      if (found !== null) return found;
    }
    return { kind: 'linearizable', operations: operations.length };
  }

  private register(key: string): RegisterCheck {
    const known = this.registers.get(key) ?? new RegisterCheck(this.initial);
    this.registers.set(key, known);
    return known;
  }
}

/** Of a history that is there as a whole. */
export function checkLinearizable(history: readonly Operation[], initial: string | null = null): Linearizability {
  return new HistoryCheck(initial).take(history);
}
