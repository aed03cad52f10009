/** Whether a member that could not find everybody should tell the leader where it is, and hear whether it still belongs. Pure. */
import { type Configuration, membersOf } from '@muster/raft';

export interface Standing {
  readonly nodeId: string;
  /** Whom it takes for the leader. */
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
