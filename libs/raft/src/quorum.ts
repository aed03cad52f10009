/** Majorities, of one set of voters and of two at once. Pure arithmetic; every rule about "most" is here. */
import type { Configuration, PeerId } from './types.js';

export type VoteResult = 'won' | 'lost' | 'pending';

/** Highest index that a majority has. No voters agree to everything, so that an empty half of a joint configuration does not count. */
export function majorityIndex(voters: readonly PeerId[], matchOf: (peer: PeerId) => number): number {
  if (voters.length === 0) return Infinity;
  const matches = voters.map(matchOf).toSorted((a, b) => b - a);
  return matches[Math.floor(voters.length / 2)] ?? 0;
}

/** Highest index that is committed by counting: in a joint configuration both halves must have it. */
export function committedIndex(config: Configuration, matchOf: (peer: PeerId) => number): number {
  return Math.min(majorityIndex(config.voters, matchOf), majorityIndex(config.outgoing, matchOf));
}

function majorityVote(voters: readonly PeerId[], voteOf: (peer: PeerId) => boolean | undefined): VoteResult {
  if (voters.length === 0) return 'won';
  const needed = Math.floor(voters.length / 2) + 1;
  let granted = 0;
  let missing = 0;
  for (const peer of voters) {
    const vote = voteOf(peer);
    if (vote === true) granted += 1;
    else if (vote === undefined) missing += 1;
  }
  if (granted >= needed) return 'won';
  return granted + missing >= needed ? 'pending' : 'lost';
}

/** How an election stands; `undefined` is a vote not heard yet. */
export function voteResult(config: Configuration, voteOf: (peer: PeerId) => boolean | undefined): VoteResult {
  const halves = [majorityVote(config.voters, voteOf), majorityVote(config.outgoing, voteOf)];
  if (halves.includes('lost')) return 'lost';
  return halves.includes('pending') ? 'pending' : 'won';
}

/** True when those for whom `holds` is true are a majority, or two. */
export function hasQuorum(config: Configuration, holds: (peer: PeerId) => boolean): boolean {
  return voteResult(config, holds) === 'won';
}
