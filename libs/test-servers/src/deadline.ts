/** Waiting with an end: for a condition that is polled, or for a promise that may never settle. */
import { setTimeout as pause } from 'node:timers/promises';

const POLL_MS = 50;

/** Polls until `check` answers true; false when `withinMs` has passed or `isHopeless` says that waiting makes no sense. */
export async function becomesTrue(check: () => Promise<boolean>, withinMs: number, isHopeless: () => boolean = () => false): Promise<boolean> {
  const endMs = performance.now() + withinMs;
  while (!isHopeless()) {
    if (await check()) return true;
    // Not before the look: whoever stood still past the end may find that it is true by now.
    if (performance.now() >= endMs) return false;
    await pause(POLL_MS);
  }
  return false;
}

/** Rejects after `withinMs` with `complaint`; a value that arrives too late is handed to `discard`. */
export function within<Value>(promise: Promise<Value>, withinMs: number, complaint: string, discard: (late: Value) => void = () => {}): Promise<Value> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      reject(new Error(complaint));
    }, withinMs);
    promise.then(
      (value) => {
        clearTimeout(timer);
        if (isLate) discard(value);
        else resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}
