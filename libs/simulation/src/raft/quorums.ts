/** Majorities by definition, tried out: slow, and without a line in common with those of the core. */
import type { Configuration, PeerId } from '@muster/raft';

const halvesOf = ({ voters, outgoing }: Configuration): (readonly PeerId[])[] => [voters, outgoing].filter((half) => half.length > 0);

export function haveQuorum(config: Configuration, has: (peer: PeerId) => boolean): boolean {
  for (const half of halvesOf(config)) {
    let count = 0;
    for (const peer of half) if (has(peer)) count += 1;
    if (count * 2 <= half.length) return false;
  }
  return true;
}

/** True when no two quorums, one of each, are disjoint. Tries all groups. */
export function quorumsMeet(one: Configuration, other: Configuration): boolean {
  const peers = [...new Set([...halvesOf(one), ...halvesOf(other)].flat())];
  for (let group = 0; group < 2 ** peers.length; group++) {
    const isIn = (peer: PeerId): boolean => (group & (1 << peers.indexOf(peer))) !== 0;
    if (haveQuorum(one, isIn) && haveQuorum(other, (peer) => !isIn(peer))) return false;
  }
  return true;
}
