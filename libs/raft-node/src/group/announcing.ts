/** Whether a member that could not find everybody should tell the leader where it is, and hear whether it still belongs; and whom it tells. Pure. */
import type { RaftIntroduction } from '@muster/contracts';
import { type Configuration, membersOf } from '@muster/raft';

export interface Standing {
  readonly nodeId: string;
  /** Whom it takes for the leader; null as well when that one was not heard lately: a learner that nobody calls any more never gives it up by itself. */
  readonly leaderId: string | null;
  /** As its log has it; empty before the log has come. */
  readonly config: Configuration;
  /** The directory has it where it is, as far as it knows. */
  readonly isWhereItSays: boolean;
  /** It knows nobody. */
  readonly isLost: boolean;
}

export function hasToAnnounce({ nodeId, leaderId, config, isWhereItSays, isLost }: Standing): boolean {
  if (isLost || leaderId === null || !isWhereItSays) return true;
  // It may have read in its own log that it has no place any more. Then nobody calls it, it calls no election, and the leader that it knows stays for ever.
  const members = membersOf(config);
  return members.length > 0 && !members.includes(nodeId);
}

/** Where the leader answers as far as others know; who says that it leads itself is believed first, since others may have been put out long ago. */
export function leaderUrlIn(introductions: readonly RaftIntroduction[], clusterId: string, ownStoreId: string): string | null {
  const others = introductions.filter((other) => other.clusterId === clusterId && other.storeId !== ownStoreId && other.leaderHttpUrl !== null);
  const found = others.find(({ nodeId, leaderId }) => nodeId === leaderId) ?? others[0];
  return found?.leaderHttpUrl ?? null;
}
