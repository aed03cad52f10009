/**
 * Cleans up after a `muster up` that was itself killed. Its children notice and stop by themselves; this waits for
 * them, and kills those that do not come to an end.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { isSameProcess, killExactly, type ProcessIdentity } from './process-identity.js';
import type { ClusterState } from './state-file.js';

/** A little longer than parent-guard gives a child. Milliseconds. */
const PATIENCE_MS = 14_000;
const LOOK_EVERY_MS = 100;

const identitiesOf = (state: ClusterState): ProcessIdentity[] =>
  state.processes.flatMap(({ pid, startToken }) => (pid === null || startToken === null ? [] : [{ pid, startToken }]));

/** Processes of that cluster which are still there. */
export const leftovers = (state: ClusterState): ProcessIdentity[] => identitiesOf(state).filter(isSameProcess);

/** Resolves when all are gone, with the number that had to be killed. */
export async function untilGone(state: ClusterState, patienceMs = PATIENCE_MS): Promise<number> {
  const deadlineMs = performance.now() + patienceMs;
  while (leftovers(state).length > 0 && performance.now() < deadlineMs) await pause(LOOK_EVERY_MS);
  return leftovers(state).filter(killExactly).length;
}
