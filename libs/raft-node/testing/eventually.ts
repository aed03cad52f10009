/** Waits for what should come about, with a deadline that says what did not. */
import { setTimeout as sleep } from 'node:timers/promises';

export async function eventually<T>(what: string, look: () => T | null | undefined | false | Promise<T | null | undefined | false>, limitMs = 45_000): Promise<T> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (seen !== null && seen !== undefined && seen !== false) return seen;
    if (performance.now() > endMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await sleep(10);
  }
}
