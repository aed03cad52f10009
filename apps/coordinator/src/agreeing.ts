/** What of its group a coordinator that is about to go can still count on, and whether the group still counts on it. Pure. */
import type { RaftPeer, RaftStatus } from '@muster/contracts';

type Seen = Pick<RaftStatus, 'state' | 'nodeId' | 'leaderId' | 'hasQuorum' | 'peers'>;

/** Sooner than the group itself finds out: a connection that was closed tells at once that nobody is there. */
export function canAgree(status: Seen): boolean {
  if (status.state === 'leader') return votersInTouch(status) >= majorityOf(status);
  // Followers may have nothing to say to each other; their leader knows who is there.
  return status.hasQuorum && status.peers.some((peer) => peer.nodeId === status.leaderId && isInTouch(peer));
}

/** Whether, as far as we see, those who stay could agree on nothing more without us. */
export function isNeeded(status: Seen): boolean {
  return canAgree(status) && votersInTouch(status) - 1 < majorityOf(status);
}

function votersInTouch({ peers }: Seen): number {
  return peers.filter((peer) => peer.voter && isInTouch(peer)).length;
}

function majorityOf({ peers }: Seen): number {
  return Math.floor(peers.filter(({ voter }) => voter).length / 2) + 1;
}

function isInTouch({ silentMs }: RaftPeer): boolean {
  return silentMs !== null;
}
