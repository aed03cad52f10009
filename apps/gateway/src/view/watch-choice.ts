/**
 * Which coordinator to believe when there are several. Pure.
 *
 * One that has a quorum and knows its leader is sound. Any other may be cut off from the rest: what it says is true of the past. The log
 * index only grows at whoever belongs to the cluster, so one with a smaller index than was shown already lags behind, and is waited for.
 */
export interface Candidate {
  /** Log index that its word stands for. */
  readonly index: number;
  /** It has a quorum and knows its leader. */
  readonly isSound: boolean;
  /** It was sound and behind what is shown for so long without a break; 0 when it is not. Milliseconds. */
  readonly behindForMs: number;
}

export interface Current {
  readonly index: number;
  readonly isSound: boolean;
  /** No word from it for longer than between two of its pulses. */
  readonly isSilent: boolean;
}

/** A sound coordinator catches up within this; one that does not belongs to a cluster that was made anew, or restored. Milliseconds. */
const BEHIND_MS_MAX = 5000;

export const isContent = (current: Current | null): boolean => current !== null && current.isSound && !current.isSilent;

/** Whether to leave `current` for the candidate. `shownIndex` is null while nothing was shown. */
export function isPreferred(candidate: Candidate, current: Current | null, shownIndex: number | null): boolean {
  const isBehind = shownIndex !== null && candidate.index < shownIndex;
  if (isBehind && (!candidate.isSound || candidate.behindForMs < BEHIND_MS_MAX)) return false;
  if (current === null) return true;
  if (candidate.isSound) return !isContent(current);
  // Both are cut off, or without a leader for a moment: the newer view is the better one.
  return !current.isSound && candidate.index > current.index;
}
