/** Polls a condition until it holds; throws with the claim when it does not in time. */
import { setTimeout } from 'node:timers/promises';

export async function until(claim: string, holds: () => boolean, limitMs = 45_000): Promise<void> {
  const deadlineMs = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error(`not within ${limitMs} ms: ${claim}`);
    await setTimeout(5);
  }
}
