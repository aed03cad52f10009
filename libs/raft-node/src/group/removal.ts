/** Whether the group can do without a member. Pure. */
import type { RaftStatus } from '@muster/raft';

/** Why it cannot be removed now, in words; null when it can. `status` is the leader's. */
export function removalHindrance({ id, config, peers }: Pick<RaftStatus, 'id' | 'config' | 'peers'>, nodeId: string, silentTicksMax: number): string | null {
  if (!config.voters.includes(nodeId)) return null;
  const rest = config.voters.filter((voter) => voter !== nodeId);
  if (rest.length === 0) return `'${nodeId}' is the only member with a vote: add another one first`;
  const heard = rest.filter((voter) => voter === id || peers.some((peer) => peer.id === voter && peer.silentTicks < silentTicksMax));
  if (2 * heard.length > rest.length) return null;
  const silent = rest.filter((voter) => !heard.includes(voter)).join(', ');
  return `without '${nodeId}' only ${heard.length} of ${rest.length} voters would be in touch, which is no majority: start ${silent} first, or remove those that are gone for good before`;
}
