/** Waits, and no longer than it is wanted. */
import { setTimeout as wait } from 'node:timers/promises';

/** Resolves also when the signal ends it. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => {});
}
