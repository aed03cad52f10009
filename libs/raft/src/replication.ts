/** How a leader brings its log to the others, and how they take it (paper 5.3, thesis 10.2). */
import { isJoint, isVoter, leaveJoint } from './configuration.js';
import type { MessageOf } from './message.js';
import type { Progress } from './progress.js';
import { committedIndex } from './quorum.js';
import { releaseReads } from './reads.js';
import { sendSnapshot } from './send-snapshot.js';
import { becomeFollower, hearFollower, hearLeader, type State, syncPeers } from './state.js';
import { type Configuration, type Entry, entryBytes, type PeerId } from './types.js';

/** The first entry of a term: without it nothing of earlier terms is known to be committed (paper, section 8). */
export function beginTerm(state: State): void {
  state.uncommittedBytes = state.log.bytesBetween(state.log.commitIndex + 1, state.log.lastIndex);
  appendOwn(state, [{ index: state.log.lastIndex + 1, term: state.term, kind: 'noop' }]);
  broadcastHeartbeat(state);
}

export function appendOwn(state: State, entries: readonly Entry[]): void {
  state.log.append(entries);
  state.uncommittedBytes += bytesOf(entries);
  if (entries.some((entry) => entry.kind === 'config')) syncPeers(state);
  broadcastAppend(state);
}

export function appendConfig(state: State, config: Configuration): number {
  const index = state.log.lastIndex + 1;
  appendOwn(state, [{ index, term: state.term, kind: 'config', config }]);
  return index;
}

export function broadcastAppend(state: State): void {
  for (const [peer, progress] of state.peers) if (peer !== state.id) fill(state, peer, progress);
}

/** One round; also the question "am I still the leader?" that reads wait for. */
export function broadcastHeartbeat(state: State): void {
  state.heartbeatElapsed = 0;
  state.isRoundDue = false;
  state.round += 1;
  if (state.rounds.at(-1)?.tick !== state.ticks) state.rounds.push({ round: state.round, tick: state.ticks });
  // Rounds older than an election say nothing that a lease may use.
  if (state.rounds.length > state.settings.electionTicks) state.rounds.shift();
  for (const [to, progress] of state.peers) {
    // Never beyond what it is known to have: it would commit what it has not, or what is another entry there.
    if (to !== state.id) state.early.push({ kind: 'heartbeat', from: state.id, to, term: state.term, commit: Math.min(progress.match, state.log.commitIndex), round: state.round });
  }
  releaseReads(state);
}

/** Sends while the window has room and there is something to send. */
export function fill(state: State, to: PeerId, progress: Progress): void {
  do {
    if (progress.isPaused) return;
    send(state, to, progress);
  } while (progress.state === 'replicate' && progress.next <= state.log.lastIndex);
}

function send(state: State, to: PeerId, progress: Progress): void {
  const { log, settings } = state;
  const prevIndex = progress.next - 1;
  const prevTerm = progress.next < log.firstIndex ? null : log.termAt(prevIndex);
  if (prevTerm === null || progress.state === 'snapshot') return sendSnapshot(state, to, progress);
  const entries = log.slice(progress.next, settings.appendBytesMax);
  state.early.push({ kind: 'append', from: state.id, to, term: state.term, prevIndex, prevTerm, entries, commit: log.commitIndex });
  const last = entries.at(-1);
  if (last !== undefined) progress.sent(last.index, bytesOf(entries));
  else if (progress.state === 'probe') progress.wait();
}

export function onAppend(state: State, message: MessageOf<'append'>): void {
  const { log } = state;
  const { from, prevIndex, prevTerm, entries, commit } = message;
  hearLeader(state, from);
  // Everything up to our commit index agrees with any leader's log.
  if (prevIndex < log.commitIndex) return replyAppend(state, from, { matchIndex: log.commitIndex });
  if (log.termAt(prevIndex) !== prevTerm) return replyRejected(state, from, message);
  log.merge(entries);
  const lastNew = prevIndex + entries.length;
  log.commitTo(Math.min(commit, lastNew));
  replyAppend(state, from, { matchIndex: lastNew });
}

export function onAppendReply(state: State, message: MessageOf<'append-reply'>): void {
  const progress = state.peers.get(message.from);
  if (state.role !== 'leader' || progress === undefined) return;
  hearFollower(state, progress);
  if (!message.accepted) {
    if (progress.rejected(message.rejectedIndex, conflictIndex(state, message.hintIndex, message.hintTerm))) fill(state, message.from, progress);
    return;
  }
  // What it has beyond our log is of no leader, and will be overwritten.
  const isNews = progress.matched(Math.min(message.matchIndex, state.log.lastIndex));
  if ((!isNews || !maybeCommit(state)) && progress.next <= state.log.lastIndex) fill(state, message.from, progress);
  if (state.transferTo === message.from && progress.match === state.log.lastIndex) handOver(state, message.from);
}

/** Asks a member that has everything to stand for election at once (thesis 3.10). */
export function handOver(state: State, to: PeerId): void {
  state.wasHandedOver = true;
  state.early.push({ kind: 'timeout-now', from: state.id, to, term: state.term });
}

export function onHeartbeat(state: State, { from, commit, round }: MessageOf<'heartbeat'>): void {
  hearLeader(state, from);
  state.log.commitTo(Math.min(commit, state.log.lastIndex));
  state.late.push({ kind: 'heartbeat-reply', from: state.id, to: from, term: state.term, round });
}

export function onHeartbeatReply(state: State, { from, round }: MessageOf<'heartbeat-reply'>): void {
  const progress = state.peers.get(from);
  if (state.role !== 'leader' || progress === undefined) return;
  hearFollower(state, progress);
  // What was sent may be lost. A piece of a snapshot is large: it is given the time of an election to arrive.
  if (progress.state !== 'snapshot' || state.ticks - progress.sentAtTick >= state.settings.electionTicks) progress.resume();
  progress.freeOldest();
  if (progress.match < state.log.lastIndex || progress.state !== 'replicate') fill(state, from, progress);
  if (round <= progress.round) return;
  progress.round = round;
  const sent = state.rounds.findLast((first) => first.round <= round);
  if (sent !== undefined) state.leaseTicks.set(from, sent.tick);
  releaseReads(state);
}

/** Our own write is done: it counts like anybody else's answer. */
export function ownDurable(state: State): void {
  if (state.role !== 'leader') return;
  const isNews = state.peers.get(state.id)?.matched(state.log.durableIndex) ?? false;
  if (isNews) maybeCommit(state);
}

/** Only entries of our own term are committed by counting; older ones with them (paper 5.4.2, figure 8). Tells the others; says whether it did. */
export function maybeCommit(state: State): boolean {
  const { log, peers } = state;
  const index = committedIndex(log.config, (peer) => peers.get(peer)?.match ?? 0);
  if (index === Infinity || index <= log.commitIndex || log.termAt(index) !== state.term) return false;
  const before = log.commitIndex;
  state.uncommittedBytes -= log.bytesBetween(before + 1, index);
  log.commitTo(index);
  const isCommitted = log.configIndex <= index;
  // It may have been committed by an earlier leader that did not live to end it.
  if (isCommitted && isJoint(log.config)) {
    appendConfig(state, leaveJoint(log.config));
    return true;
  }
  // Before any of them is forgotten: those that were removed learn so from it, and the rest that they can elect another (thesis 4.2.2).
  broadcastAppend(state);
  if (isCommitted && log.configIndex > before) settleConfig(state);
  return true;
}

function settleConfig(state: State): void {
  const { log } = state;
  syncPeers(state);
  if (isVoter(log.config, state.id)) return;
  // One that has everything need not wait for a timeout to follow us.
  const heir = log.config.voters.find((peer) => state.peers.get(peer)?.match === log.lastIndex);
  if (heir !== undefined) handOver(state, heir);
  becomeFollower(state, state.term, null);
}

function bytesOf(entries: readonly Entry[]): number {
  return entries.reduce((bytes, entry) => bytes + entryBytes(entry), 0);
}

function replyAppend(state: State, to: PeerId, { matchIndex }: { readonly matchIndex: number }): void {
  state.late.push({ kind: 'append-reply', from: state.id, to, term: state.term, accepted: true, matchIndex, rejectedIndex: 0, hintIndex: 0, hintTerm: 0 });
}

function replyRejected(state: State, to: PeerId, { prevIndex, prevTerm }: { readonly prevIndex: number; readonly prevTerm: number }): void {
  const hintIndex = conflictIndex(state, Math.min(prevIndex, state.log.lastIndex), prevTerm);
  const hintTerm = state.log.termAt(hintIndex) ?? 0;
  state.late.push({ kind: 'append-reply', from: state.id, to, term: state.term, accepted: false, matchIndex: 0, rejectedIndex: prevIndex, hintIndex, hintTerm });
}

/** The last index up to `index` whose term is not above `term`: logs cannot agree after it. Skips whole terms in one answer. */
function conflictIndex({ log }: State, index: number, term: number): number {
  let found = Math.min(index, log.lastIndex);
  while (found > log.snapshotIndex && (log.termAt(found) ?? 0) > term) found -= 1;
  return found;
}
