/**
 * What a member remembers besides its log, and the ways in which its role changes.
 *
 * Each part of the algorithm (election, replication, reads, snapshots) is a file of functions over this state.
 */
import { isVoter, membersOf } from './configuration.js';
import { invariant } from './invariant.js';
import type { Message } from './message.js';
import type { Settings } from './options.js';
import { Progress } from './progress.js';
import type { RaftLog } from './raft-log.js';
import type { PeerId, Snapshot } from './types.js';

export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader';

export interface PendingRead {
  readonly requestId: number;
  readonly from: PeerId;
  readonly index: number;
  /** It may be answered once a quorum has answered this round of heartbeats. */
  readonly round: number;
}

/** The answer to a read: what must be applied before it is served, or null when it has to be asked again. */
export interface ReadAnswer {
  readonly requestId: number;
  readonly index: number | null;
}

export interface IncomingSnapshot {
  readonly from: PeerId;
  readonly index: number;
  readonly indexTerm: number;
  readonly totalBytes: number;
  readonly checksum: number;
  readonly chunks: Uint8Array[];
  heldBytes: number;
}

export interface State {
  readonly settings: Settings;
  readonly id: PeerId;
  readonly log: RaftLog;
  term: number;
  votedFor: PeerId | null;
  role: Role;
  leaderId: PeerId | null;
  ticks: number;
  /** Ticks that count towards an election of our own, or since the last look at the quorum as a leader. */
  electionElapsed: number;
  heartbeatElapsed: number;
  /** Ticks since any leader was heard: a promise to it, which outlives a change of the term. */
  leaderTicks: number;
  /** The leader's process is known to have ended, and no other was heard since: elections need not wait long, the first nor the next. */
  isLeaderGone: boolean;
  /** Drawn anew whenever the role changes. */
  electionTimeout: number;
  readonly votes: Map<PeerId, boolean>;
  /** Of everybody that gets the log; as a leader only. */
  readonly peers: Map<PeerId, Progress>;
  /** Index of the first entry of our term; as a leader only. */
  termStartIndex: number;
  /** In our log and not committed; as a leader only. */
  uncommittedBytes: number;
  transferTo: PeerId | null;
  transferElapsed: number;
  round: number;
  /** The first round of each of the last ticks, oldest first. */
  rounds: { readonly round: number; readonly tick: number }[];
  /** When the latest round was sent that a peer has answered. */
  readonly leaseTicks: Map<PeerId, number>;
  /** We asked somebody to take over: from then on he may, at any time. */
  wasHandedOver: boolean;
  pendingReads: PendingRead[];
  /** A round of heartbeats is due, since reads wait for it. */
  isRoundDue: boolean;
  answers: ReadAnswer[];
  incoming: IncomingSnapshot | null;
  /** A snapshot that replaced the log and waits to be written. */
  received: Snapshot | null;
  /** May be sent before anything is written. */
  early: Message[];
  /** Must wait until term, vote and entries are durable. */
  late: Message[];
}

export function newState(settings: Settings, log: RaftLog, hard: { readonly term: number; readonly votedFor: PeerId | null }): State {
  const state: State = {
    settings,
    id: settings.id,
    log,
    term: hard.term,
    votedFor: hard.votedFor,
    role: 'follower',
    leaderId: null,
    ticks: 0,
    electionElapsed: 0,
    heartbeatElapsed: 0,
    // Before it stopped it may have promised a leader to help nobody else for a while.
    leaderTicks: settings.leases && hard.term > 0 ? 0 : settings.electionTicks,
    isLeaderGone: false,
    electionTimeout: 0,
    votes: new Map(),
    peers: new Map(),
    termStartIndex: 0,
    uncommittedBytes: 0,
    transferTo: null,
    transferElapsed: 0,
    round: 0,
    rounds: [],
    leaseTicks: new Map(),
    wasHandedOver: false,
    pendingReads: [],
    isRoundDue: false,
    answers: [],
    incoming: null,
    received: null,
    early: [],
    late: [],
  };
  drawTimeout(state);
  return state;
}

export function drawTimeout(state: State): void {
  const { electionTicks, goneTicksMax, random } = state.settings;
  const least = state.isLeaderGone ? goneTicksMax : electionTicks;
  state.electionTimeout = least + Math.floor(random() * least);
}

/**
 * Leaves any role. A greater term brings a new vote; the same term keeps the old one (paper, figure 2). A follower stays as close to an
 * election of its own: only a leader or a vote that it gives puts that off, or a candidate without a chance could keep everybody waiting.
 */
export function becomeFollower(state: State, term: number, leaderId: PeerId | null): void {
  if (term > state.term) {
    state.term = term;
    state.votedFor = null;
  }
  const elapsed = state.role === 'follower' ? state.electionElapsed : 0;
  forgetRole(state);
  state.electionElapsed = elapsed;
  state.role = 'follower';
  state.leaderId = leaderId;
}

/** Asks whether an election could be won, without disturbing anybody: neither term nor vote change (thesis 9.6). */
export function becomePreCandidate(state: State): void {
  forgetRole(state);
  state.role = 'pre-candidate';
  state.leaderId = null;
  state.leaderTicks = state.settings.electionTicks;
}

export function becomeCandidate(state: State): void {
  forgetRole(state);
  state.role = 'candidate';
  state.term += 1;
  state.votedFor = state.id;
  state.leaderId = null;
  state.leaderTicks = state.settings.electionTicks;
}

export function becomeLeader(state: State): void {
  state.isLeaderGone = false;
  forgetRole(state);
  state.role = 'leader';
  state.leaderId = state.id;
  state.termStartIndex = state.log.lastIndex + 1;
  syncPeers(state);
  for (const progress of state.peers.values()) progress.heardAtTick = state.ticks;
}

function forgetRole(state: State): void {
  state.electionElapsed = 0;
  state.heartbeatElapsed = 0;
  drawTimeout(state);
  state.votes.clear();
  state.peers.clear();
  state.transferTo = null;
  voidLease(state);
  state.wasHandedOver = false;
  state.isRoundDue = false;
  // Whoever waits for an answer asks the next leader, under another request id.
  for (const read of state.pendingReads) answerRead(state, read.from, { requestId: read.requestId, index: null });
  state.pendingReads = [];
}

/** Only rounds that begin from now on vouch for a lease. */
export function voidLease(state: State): void {
  state.rounds = [];
  state.leaseTicks.clear();
}

/** Follows the configuration: new members are fed, those that are gone only until their removal is committed, so that they learn of it. */
export function syncPeers(state: State): void {
  const { log, peers, settings } = state;
  const wanted = new Set(membersOf(log.config));
  if (log.configIndex > log.commitIndex) for (const peer of membersOf(log.configAt(log.commitIndex))) wanted.add(peer);
  for (const peer of peers.keys()) if (!wanted.has(peer)) peers.delete(peer);
  for (const peer of wanted) {
    if (peers.has(peer)) continue;
    const progress = new Progress(log.lastIndex + 1, { messagesMax: settings.inFlightMax, bytesMax: settings.inFlightBytesMax });
    // A newcomer gets one election timeout before its silence counts.
    progress.isActive = true;
    if (peer === state.id) progress.matched(log.durableIndex);
    peers.set(peer, progress);
  }
}

/** Also one that its own log removes, until that is committed: there may be nobody else who can lead (thesis 4.2.2, figure 4.6). */
export function canCampaign({ log, id, role, received }: State): boolean {
  return role !== 'leader' && received === null && (isVoter(log.config, id) || isVoter(log.configAt(log.commitIndex), id));
}

export function answerRead(state: State, from: PeerId, answer: ReadAnswer): void {
  if (from === state.id) state.answers.push(answer);
  else state.late.push({ kind: 'read-index-reply', from: state.id, to: from, term: state.term, ...answer });
}

export function hearLeader(state: State, from: PeerId): void {
  invariant(state.role !== 'leader', 'a term has one leader', { term: state.term, id: state.id, other: from });
  if (state.role !== 'follower') becomeFollower(state, state.term, from);
  state.leaderId = from;
  state.electionElapsed = 0;
  state.leaderTicks = 0;
  if (!state.isLeaderGone) return;
  state.isLeaderGone = false;
  drawTimeout(state);
}

export function hearFollower(state: State, progress: Progress): void {
  progress.isActive = true;
  progress.heardAtTick = state.ticks;
}
