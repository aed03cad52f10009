/** Who becomes a leader: elections with pre-vote, loyalty to a leader that is heard, and the look at the quorum (thesis 4.2.3, 6.2, 9.6). */
import type { MessageOf } from './message.js';
import { hasQuorum, voteResult } from './quorum.js';
import { beginTerm, broadcastHeartbeat } from './replication.js';
import { becomeCandidate, becomeFollower, becomeLeader, becomePreCandidate, canCampaign, type State } from './state.js';
import type { PeerId } from './types.js';

export type Campaign = 'pre' | 'real' | 'transfer';

export function tickElection(state: State): void {
  state.electionElapsed += 1;
  state.leaderTicks += 1;
  if (!canCampaign(state) || state.electionElapsed < state.electionTimeout) return;
  campaign(state, 'pre');
}

/** A leader that does not hear a majority steps down: it could not commit anything, and others may have elected somebody else. */
export function tickLeader(state: State): void {
  state.electionElapsed += 1;
  state.heartbeatElapsed += 1;
  if (state.transferTo !== null) {
    state.transferElapsed += 1;
    if (state.transferElapsed >= state.settings.electionTicks) state.transferTo = null;
  }
  if (state.electionElapsed >= state.settings.electionTicks) {
    state.electionElapsed = 0;
    const isHeard = (peer: PeerId): boolean => peer === state.id || state.peers.get(peer)?.isActive === true;
    if (!hasQuorum(state.log.config, isHeard)) return becomeFollower(state, state.term, null);
    for (const progress of state.peers.values()) progress.isActive = false;
  }
  if (state.heartbeatElapsed >= state.settings.heartbeatTicks) broadcastHeartbeat(state);
}

export function campaign(state: State, kind: Campaign): void {
  const isPre = kind === 'pre';
  if (isPre) becomePreCandidate(state);
  else becomeCandidate(state);
  state.votes.set(state.id, true);
  if (isDecided(state)) return;
  const { config, lastIndex, lastTerm } = state.log;
  const term = isPre ? state.term + 1 : state.term;
  for (const to of new Set([...config.voters, ...config.outgoing])) {
    // After the write: a vote for ourselves that a crash forgets would be given twice.
    if (to !== state.id) state.late.push({ kind: 'vote', from: state.id, to, term, isPre, lastIndex, lastTerm, isTransfer: kind === 'transfer' });
  }
}

/** True while a leader was heard lately, whatever term it is by now: no reason to help another one up, and a lease may rest on it. */
function isLoyal(state: State): boolean {
  return state.role === 'leader' || state.leaderTicks < state.settings.electionTicks;
}

/** Whether to consider a vote at all: not while a leader is heard, unless that leader itself wants it. */
export function isWelcome(state: State, { from, isTransfer }: MessageOf<'vote'>): boolean {
  return isTransfer || from === state.leaderId || !isLoyal(state);
}

export function endLoyalty(state: State): void {
  state.leaderTicks = state.settings.electionTicks;
}

export function onVote(state: State, message: MessageOf<'vote'>): void {
  const { from, isPre, term, lastIndex, lastTerm } = message;
  const isUndecided = state.votedFor === null && state.leaderId === null && isWelcome(state, message);
  const isFree = state.votedFor === from || isUndecided || (isPre && term > state.term);
  const granted = isFree && state.log.isUpToDate(lastIndex, lastTerm);
  if (granted && !isPre) {
    state.votedFor = from;
    // Only a real vote: granting pre-votes would keep us from ever standing ourselves.
    state.electionElapsed = 0;
  }
  // A refusal carries our own term, or a candidate that lags would ask for ever.
  state.late.push({ kind: 'vote-reply', from: state.id, to: from, term: granted ? term : state.term, isPre, granted });
}

export function onVoteReply(state: State, { from, isPre, granted, term }: MessageOf<'vote-reply'>): void {
  if (state.role !== (isPre ? 'pre-candidate' : 'candidate')) return;
  // The answer to an earlier question, about a term that has begun since.
  if (isPre && granted && term !== state.term + 1) return;
  if (!state.votes.has(from)) state.votes.set(from, granted);
  isDecided(state);
}

export function onTimeoutNow(state: State): void {
  if (canCampaign(state)) campaign(state, 'transfer');
}

/** Acts on the votes that are known. False while the election is open. */
function isDecided(state: State): boolean {
  switch (voteResult(state.log.config, (peer) => state.votes.get(peer))) {
    case 'pending':
      return false;
    case 'lost':
      becomeFollower(state, state.term, null);
      return true;
    case 'won':
      if (state.role === 'pre-candidate') {
        campaign(state, 'real');
      } else {
        becomeLeader(state);
        beginTerm(state);
      }
      return true;
  }
}
