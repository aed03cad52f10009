/** Linearizable reads without writing to the log: ReadIndex, and leases for those who trust clocks (thesis 6.4). */
import type { MessageOf } from './message.js';
import { hasQuorum, majorityIndex } from './quorum.js';
import { answerRead, type State } from './state.js';
import type { PeerId } from './types.js';

/** Asks for the index to read at; the answer comes with a later `Ready`. `requestId` must not have been used before. */
export function requestRead(state: State, requestId: number): void {
  if (holdsLease(state)) return answerRead(state, state.id, { requestId, index: state.log.commitIndex });
  if (state.role === 'leader') return admit(state, requestId, state.id);
  if (state.leaderId === null) return answerRead(state, state.id, { requestId, index: null });
  state.early.push({ kind: 'read-index', from: state.id, to: state.leaderId, term: state.term, requestId });
}

export function onReadIndex(state: State, { from, requestId }: MessageOf<'read-index'>): void {
  if (holdsLease(state)) answerRead(state, from, { requestId, index: state.log.commitIndex });
  else if (state.role === 'leader') admit(state, requestId, from);
  else answerRead(state, from, { requestId, index: null });
}

export function onReadIndexReply(state: State, { requestId, index }: MessageOf<'read-index-reply'>): void {
  state.answers.push({ requestId, index });
}

function admit(state: State, requestId: number, from: PeerId): void {
  const { log, settings } = state;
  // Before an entry of our own term is committed we do not know what is.
  if (log.commitIndex < state.termStartIndex || state.pendingReads.length >= settings.readsMax) return answerRead(state, from, { requestId, index: null });
  // Its round begins after the read came in: an earlier one could vouch for an earlier time only.
  state.pendingReads.push({ requestId, from, index: log.commitIndex, round: state.round + 1 });
  state.isRoundDue = true;
}

/** Answers the reads whose round a quorum has answered, in order. */
export function releaseReads(state: State): void {
  if (state.pendingReads.length === 0) return;
  const roundOf = (peer: PeerId): number => (peer === state.id ? state.round : (state.peers.get(peer)?.round ?? 0));
  const isConfirmed = (round: number): boolean => hasQuorum(state.log.config, (peer) => roundOf(peer) >= round);
  let count = 0;
  for (const read of state.pendingReads) {
    if (!isConfirmed(read.round)) break;
    answerRead(state, read.from, { requestId: read.requestId, index: read.index });
    count += 1;
  }
  state.pendingReads.splice(0, count);
}

/**
 * True while no other leader can have been elected, if no clock runs faster than another by more than `clockDriftMax`. Counts from when
 * heartbeats were sent, not from when their answers came.
 */
export function holdsLease(state: State): boolean {
  const { electionTicks, clockDriftMax, leases } = state.settings;
  if (!leases || state.role !== 'leader' || state.log.commitIndex < state.termStartIndex || state.wasHandedOver) return false;
  const sentAt = (peer: PeerId): number => (peer === state.id ? state.ticks : (state.leaseTicks.get(peer) ?? -Infinity));
  const { voters, outgoing } = state.log.config;
  const confirmedAtTick = Math.min(majorityIndex(voters, sentAt), majorityIndex(outgoing, sentAt));
  // A tick may just have begun on one side and be about to end on the other.
  return state.ticks - confirmedAtTick < electionTicks * (1 - clockDriftMax) - 1;
}
