/** Polls until something holds, with a deadline. */
export async function eventually<T>(what: string, look: () => T | Promise<T>, holds: (seen: T) => boolean, limitMs = 45_000): Promise<T> {
  const deadlineMs = performance.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() > deadlineMs) throw new Error(`${what}: not within ${limitMs} ms; last seen ${JSON.stringify(seen)?.slice(0, 2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
