/**
 * Which coordinator an agent talks to, and when it tries the next. Pure: the caller connects, waits and rolls the dice.
 *
 * Rendezvous hashing: each node has its own order of the coordinators, so that they share the nodes evenly, and one that goes leaves
 * its nodes to all others alike.
 */

/** Indexes of `urls`, the preferred one first. The order does not depend on how the list was written. */
export function rendezvousOrder(nodeId: string, urls: readonly string[]): number[] {
  const weights = urls.map((url) => weight(`${nodeId}\n${url}`));
  return urls.map((_, index) => index).toSorted((a, b) => (weights[b] as number) - (weights[a] as number) || ((urls[a] as string) < (urls[b] as string) ? -1 : 1));
}

/** FNV-1a, its bits mixed once more: by itself it leaves texts that differ in their last letter close together. */
function weight(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A lane that was open for less counts as one that failed: otherwise a door that is slammed each time is run against without a pause. */
const STABLE_MS = 5000;
/** Spread of the first tries, so that the agents of a coordinator that died do not all come at once. Milliseconds. */
const FIRST_SPREAD_MS = 50;
const BACK_OFF_MS_MIN = 100;
const BACK_OFF_MS_MAX = 5000;

export interface NextTry {
  /** Place in the order of preference. */
  readonly rank: number;
  readonly delayMs: number;
}

export class LaneDial {
  private failures = 0;
  private rank = 0;

  constructor(private readonly count: number) {}

  /** `random` is 0 <= x < 1. */
  next(random: number): NextTry {
    const round = this.failures - this.count;
    if (round < 0) return { rank: this.rank, delayMs: this.failures === 0 ? 0 : random * FIRST_SPREAD_MS };
    const backOffMs = Math.min(BACK_OFF_MS_MAX, BACK_OFF_MS_MIN * 2 ** Math.min(round, 16));
    return { rank: this.rank, delayMs: backOffMs * (0.5 + random / 2) };
  }

  /** The lane to `rank` ended after it was open for `openMs`; 0 when it never was. */
  ended(rank: number, openMs: number): void {
    this.failures = openMs >= STABLE_MS ? 1 : this.failures + 1;
    this.rank = (rank + 1) % this.count;
  }
}
