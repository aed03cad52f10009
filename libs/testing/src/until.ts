/** Waiting in tests: for a condition, with a deadline, never for a time. What is thrown while looking ends the wait. */

/** Above what a slow machine takes, so that what takes longer is broken and not slow. Milliseconds. */
const LIMIT_MS = 45_000;
const POLL_MS = 5;
const SEEN_CHARS_MAX = 2000;

type Nothing = false | null | undefined;

/** Resolves with what `look` sees once that is something. */
export async function until<T>(claim: string, look: () => T | Nothing | Promise<T | Nothing>, limitMs = LIMIT_MS): Promise<T> {
  const { seen } = await poll(look, (found) => found !== false && found !== null && found !== undefined, limitMs, () => claim);
  return seen as T;
}

/** Resolves with what `look` sees once it `holds`; the error shows what was seen last. */
export async function eventually<T>(claim: string, look: () => T | Promise<T>, holds: (seen: T) => boolean, limitMs = LIMIT_MS): Promise<T> {
  const { seen } = await poll(look, holds, limitMs, (last) => `${claim}; last seen ${JSON.stringify(last)?.slice(0, SEEN_CHARS_MAX)}`);
  return seen;
}

async function poll<T>(look: () => T | Promise<T>, holds: (seen: T) => boolean, limitMs: number, describe: (seen: T) => string): Promise<{ readonly seen: T }> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return { seen };
    if (performance.now() > endMs) throw new Error(`not within ${limitMs} ms: ${describe(seen)}`);
    await new Promise((wake) => setTimeout(wake, POLL_MS));
  }
}
