/** Which members have kept up for long enough to be given a vote. Pure: what a leader sees of them goes in, with the time. */
import type { RaftStatus } from '@muster/raft';

export interface Follower {
  readonly nodeId: string;
  /** Entries that it has not got. Count. */
  readonly lag: number;
  /** Time since it was heard. Milliseconds. */
  readonly silentMs: number;
}

export interface KeepingUpLimits {
  readonly lagMax: number;
  readonly silentMsMax: number;
  /** How long it has to be within both. */
  readonly steadyMs: number;
}

export class KeepingUp {
  private readonly sinceMs = new Map<string, number>();

  constructor(private readonly limits: KeepingUpLimits) {}

  /** Names of those that do, now; whoever is not among `followers` begins anew when it comes back. */
  observe(followers: readonly Follower[], nowMs: number): ReadonlySet<string> {
    const { lagMax, silentMsMax, steadyMs } = this.limits;
    const steady = followers.filter(({ lag, silentMs }) => lag <= lagMax && silentMs <= silentMsMax).map(({ nodeId }) => nodeId);
    for (const nodeId of this.sinceMs.keys()) if (!steady.includes(nodeId)) this.sinceMs.delete(nodeId);
    for (const nodeId of steady) if (!this.sinceMs.has(nodeId)) this.sinceMs.set(nodeId, nowMs);
    return new Set(steady.filter((nodeId) => nowMs - (this.sinceMs.get(nodeId) ?? nowMs) >= steadyMs));
  }

  forget(): void {
    this.sinceMs.clear();
  }
}

/** Whoever holds nothing was never heard: it does not keep up, however short the log is, and would be a vote that nobody can get. */
export function followersOf({ peers, lastIndex }: Pick<RaftStatus, 'peers' | 'lastIndex'>, tickMs: number): Follower[] {
  return peers.map(({ id, match, silentTicks }) => ({ nodeId: id, lag: match === 0 ? Infinity : lastIndex - match, silentMs: silentTicks * tickMs }));
}
