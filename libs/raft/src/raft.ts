/**
 * One member of a Raft group: messages, ticks and proposals in; what to write, send and apply out.
 *
 * No I/O, clock or chance of its own. Use: any of `tick`, `step`, `propose`...; then `ready()`; write its entries, term and vote durably;
 * send, apply; `advance()`. One `Ready` at a time. `early` messages need not wait for the write: a leader sends its entries while it
 * writes them (thesis 10.2.1), and counts itself only when it has.
 */
import { type ConfigChange, isJoint, planChange, isVoter } from './configuration.js';
import { campaign, endLoyalty, isWelcome, onTimeoutNow, onVote, onVoteReply, tickElection, tickLeader } from './election.js';
import { invariant } from './invariant.js';
import type { Message } from './message.js';
import { type RaftOptions, settingsOf } from './options.js';
import { RaftLog } from './raft-log.js';
import { holdsLease, onReadIndex, onReadIndexReply, requestRead } from './reads.js';
import { appendConfig, appendOwn, broadcastHeartbeat, fill, handOver, onAppend, onAppendReply, onHeartbeat, onHeartbeatReply, ownDurable } from './replication.js';
import { onSnapshot, onSnapshotReply } from './snapshots.js';
import { answerRead, becomeFollower, canCampaign, newState, type ReadAnswer, type Role, type State, voidLease } from './state.js';
import type { Configuration, Entry, HardState, PeerId, Restored, Snapshot } from './types.js';
import { entryBytes } from './types.js';

export interface Ready {
  /** Null when neither term nor vote changed, and the commit index alone is not worth a write. */
  readonly hard: HardState | null;
  /** A snapshot that replaces log and state machine; to be written before `entries`. */
  readonly snapshot: Snapshot | null;
  /** To be written; whatever is stored from the first index on is void. */
  readonly entries: readonly Entry[];
  /** May be sent before or while all that is written: nothing of a term or vote that a crash could still forget. */
  readonly early: readonly Message[];
  /** Must be sent after it is durable. */
  readonly messages: readonly Message[];
  /** To be applied, in order. */
  readonly committed: readonly Entry[];
  readonly reads: readonly ReadAnswer[];
}

export type Proposed =
  | { readonly kind: 'appended'; readonly index: number; readonly term: number }
  | { readonly kind: 'transferring' }
  | { readonly kind: 'not-leader'; readonly leaderId: PeerId | null }
  /** Too much is not committed yet, or leadership is being handed over: try again a little later. */
  | { readonly kind: 'busy'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string };

export interface PeerStatus {
  readonly id: PeerId;
  readonly voter: boolean;
  readonly match: number;
  readonly state: 'probe' | 'replicate' | 'snapshot';
  /** Ticks since it was heard. */
  readonly silentTicks: number;
}

export interface RaftStatus {
  readonly id: PeerId;
  readonly role: Role;
  readonly term: number;
  readonly leaderId: PeerId | null;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly lastIndex: number;
  readonly snapshotIndex: number;
  readonly config: Configuration;
  readonly isTransferring: boolean;
  /** What a leader knows of the others; empty otherwise. */
  readonly peers: readonly PeerStatus[];
}

export class Raft {
  private readonly state: State;
  private written: HardState;
  private isReadyOut = false;

  /** `restored` is what the store holds: of a first member at least `founded(...)`, of one that joins nothing. */
  constructor(options: RaftOptions, restored: Restored) {
    this.state = newState(settingsOf(options), new RaftLog(restored), restored.hard);
    this.written = restored.hard;
  }

  tick(): void {
    this.state.ticks += 1;
    if (this.state.role === 'leader') tickLeader(this.state);
    else tickElection(this.state);
  }

  /** Takes a message; one that is not for us, or of the past, changes nothing. */
  step(message: Message): void {
    const { state } = this;
    if (message.to !== state.id || message.from === state.id) return;
    if (message.term < state.term) return this.answerPast(message);
    if (message.term > state.term && !this.meetsHigherTerm(message)) return;
    this.dispatch(message);
  }

  propose(commands: readonly Uint8Array[]): Proposed {
    const { state } = this;
    const hindrance = this.hindrance();
    if (hindrance !== null) return hindrance;
    if (commands.length === 0) return { kind: 'refused', reason: 'nothing was proposed' };
    const from = state.log.lastIndex + 1;
    const entries = commands.map((data, position): Entry => ({ kind: 'command', index: from + position, term: state.term, data }));
    const bytes = entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
    if (bytes > state.settings.uncommittedBytesMax) return { kind: 'refused', reason: `${bytes} bytes in one proposal, and at most ${state.settings.uncommittedBytesMax} may wait to be committed: propose less at once` };
    if (state.uncommittedBytes + bytes > state.settings.uncommittedBytesMax) return { kind: 'busy', reason: `${bytes} bytes more would exceed the ${state.settings.uncommittedBytesMax} that may wait to be committed` };
    appendOwn(state, entries);
    return { kind: 'appended', index: from + entries.length - 1, term: state.term };
  }

  /** One change at a time, and none before an entry of our own term is committed (the fault of the first single-server changes). */
  changeConfig(change: ConfigChange): Proposed {
    const { state } = this;
    const hindrance = this.hindrance();
    if (hindrance !== null) return hindrance;
    const { log } = state;
    if (log.commitIndex < state.termStartIndex) return { kind: 'busy', reason: 'this leader has not committed an entry of its own term yet' };
    if (log.configIndex > log.commitIndex || isJoint(log.config)) return { kind: 'busy', reason: 'another change of the members is not committed yet' };
    const plan = planChange(log.config, change);
    if (plan.kind === 'illegal') return { kind: 'refused', reason: plan.reason };
    return { kind: 'appended', index: appendConfig(state, plan.config), term: state.term };
  }

  /** Hands leadership over: takes no proposals until the other has it, or an election timeout has passed. */
  transferLeadership(to: PeerId): Proposed {
    const { state } = this;
    const hindrance = this.hindrance();
    if (hindrance !== null) return hindrance;
    const progress = state.peers.get(to);
    if (to === state.id || progress === undefined || !isVoter(state.log.config, to)) return { kind: 'refused', reason: `'${to}' is no other voter: leadership can go to ${state.log.config.voters.filter((peer) => peer !== state.id).join(', ') || 'nobody'}` };
    state.transferTo = to;
    state.transferElapsed = 0;
    if (progress.match === state.log.lastIndex) handOver(state, to);
    else fill(state, to, progress);
    return { kind: 'transferring' };
  }

  /** Asks for an index to read at; see `Ready.reads`. A request id is used once. An answer may never come: the asker has a deadline. */
  requestRead(requestId: number): void {
    requestRead(this.state, requestId);
  }

  get holdsLease(): boolean {
    return holdsLease(this.state);
  }

  get isLeader(): boolean {
    return this.state.role === 'leader';
  }

  get term(): number {
    return this.state.term;
  }

  get commitIndex(): number {
    return this.state.log.commitIndex;
  }

  get appliedIndex(): number {
    return this.state.log.appliedIndex;
  }

  /** The configuration in force, committed or not. */
  get config(): Configuration {
    return this.state.log.config;
  }

  /** The driver found that it stood still: its ticks say less time than has passed, so that no lease may rest on them. */
  stalled(): void {
    voidLease(this.state);
  }

  /** The transport knows that a peer's process is gone. That a leader is gone need not be found out by waiting. */
  peerGone(peer: PeerId): void {
    const { state } = this;
    const progress = state.peers.get(peer);
    if (progress?.state === 'probe') progress.resume();
    else progress?.become('probe');
    if (peer !== state.leaderId || state.role !== 'follower') return;
    state.leaderId = null;
    state.isLeaderGone = true;
    endLoyalty(state);
    const soon = 1 + Math.floor(state.settings.random() * state.settings.goneTicksMax);
    state.electionElapsed = Math.max(state.electionElapsed, state.electionTimeout - soon);
  }

  /** Begins an election now, whatever the timeout; for tests and for the first start. */
  campaign(): void {
    if (canCampaign(this.state)) campaign(this.state, 'pre');
  }

  /**
   * Makes a snapshot of the state as it was after `upToIndex`, to be written by the driver. The log before it is forgotten, but for the last
   * `keep` entries, as far as they are not too large, and those that follow a snapshot on its way to somebody: else he would need the next one as soon as he has it.
   */
  compact(upToIndex: number, data: Uint8Array, keep: number): Snapshot | null {
    const { log, peers, ticks, settings } = this.state;
    const term = log.termAt(upToIndex);
    if (upToIndex <= log.snapshotIndex || upToIndex > log.appliedIndex || term === null) return null;
    const snapshot: Snapshot = { index: upToIndex, term, config: log.configAt(upToIndex), data };
    const underWay = [...peers.values()].filter(({ heardAtTick }) => ticks - heardAtTick < settings.electionTicks).map((progress) => progress.snapshot?.index ?? Infinity);
    log.compact(snapshot, Math.min(log.keptFrom(upToIndex, keep, settings.keepBytesMax), 1 + Math.min(...underWay)));
    return snapshot;
  }

  ready(): Ready | null {
    invariant(!this.isReadyOut, 'a Ready is advanced before the next is taken', {});
    const { state } = this;
    if (state.role === 'leader' && state.isRoundDue) broadcastHeartbeat(state);
    const committed = state.received === null ? state.log.applicable(state.settings.applyBytesMax) : [];
    const isPromised = state.term === this.written.term && state.votedFor === this.written.votedFor;
    const hard = this.changedHardState();
    // A single voter leads before its vote is written, and learners listen to it: a crash could make it lead the same term twice.
    const [early, messages] = isPromised ? [state.early, state.late] : [[], [...state.early, ...state.late]];
    const ready: Ready = { hard, snapshot: state.received, entries: state.log.takeUnwritten(), early, messages, committed, reads: state.answers };
    if (hard === null && ready.snapshot === null && [ready.entries, ready.early, ready.messages, committed, ready.reads].every((list) => list.length === 0)) return null;
    state.early = [];
    state.late = [];
    state.answers = [];
    if (hard !== null) this.written = hard;
    this.isReadyOut = true;
    return ready;
  }

  /** The Ready was written, sent and applied. */
  advance(ready: Ready): void {
    invariant(this.isReadyOut, 'only a Ready that was taken is advanced', {});
    this.isReadyOut = false;
    const { state } = this;
    if (ready.snapshot !== null && state.received?.index === ready.snapshot.index) state.received = null;
    const last = ready.entries.at(-1);
    if (last !== undefined) state.log.durableTo(last.index, last.term);
    const applied = ready.committed.at(-1);
    if (applied !== undefined && applied.index > state.log.appliedIndex) state.log.appliedTo(applied.index);
    ownDurable(state);
  }

  status(): RaftStatus {
    const { id, role, term, leaderId, log, transferTo, peers, ticks } = this.state;
    const { commitIndex, appliedIndex, lastIndex, snapshotIndex, config } = log;
    const known = [...peers].filter(([peer]) => peer !== id).map(([peer, { match, state, heardAtTick }]): PeerStatus => ({ id: peer, voter: isVoter(config, peer), match, state, silentTicks: ticks - heardAtTick }));
    return { id, role, term, leaderId, commitIndex, appliedIndex, lastIndex, snapshotIndex, config, isTransferring: transferTo !== null, peers: known };
  }

  private hindrance(): Proposed | null {
    const { role, leaderId, transferTo } = this.state;
    if (role !== 'leader') return { kind: 'not-leader', leaderId };
    return transferTo === null ? null : { kind: 'busy', reason: `leadership is being handed to '${transferTo}'` };
  }

  /**
   * A term above ours ends whatever we were, unless it is only asked about, or asked for by somebody whom a living leader does not
   * reach: that is not even answered, and false.
   */
  private meetsHigherTerm(message: Message): boolean {
    const { state } = this;
    if (message.kind === 'vote') {
      if (!isWelcome(state, message)) return false;
      if (message.isPre) return true;
      endLoyalty(state);
    }
    if (message.kind === 'vote-reply' && message.isPre && message.granted) return message.term === state.term + 1;
    const isFromLeader = message.kind === 'append' || message.kind === 'heartbeat' || message.kind === 'snapshot';
    becomeFollower(state, message.term, isFromLeader ? message.from : null);
    return true;
  }

  /** Of an older term: tell a leader or candidate of that time how late it is, so that it does not go on for ever. */
  private answerPast(message: Message): void {
    const { id, term } = this.state;
    switch (message.kind) {
      case 'append':
      case 'heartbeat':
      case 'snapshot':
      case 'timeout-now':
        this.state.late.push({ kind: 'heartbeat-reply', from: id, to: message.from, term, round: 0 });
        return;
      case 'vote':
        this.state.late.push({ kind: 'vote-reply', from: id, to: message.from, term, isPre: message.isPre, granted: false });
        return;
      case 'read-index':
        return answerRead(this.state, message.from, { requestId: message.requestId, index: null });
      case 'append-reply':
      case 'heartbeat-reply':
      case 'snapshot-reply':
      case 'vote-reply':
      case 'read-index-reply':
    }
  }

  private dispatch(message: Message): void {
    const { state } = this;
    switch (message.kind) {
      case 'append':
        return onAppend(state, message);
      case 'append-reply':
        return onAppendReply(state, message);
      case 'heartbeat':
        return onHeartbeat(state, message);
      case 'heartbeat-reply':
        return onHeartbeatReply(state, message);
      case 'vote':
        return onVote(state, message);
      case 'vote-reply':
        return onVoteReply(state, message);
      case 'snapshot':
        return onSnapshot(state, message);
      case 'snapshot-reply':
        return onSnapshotReply(state, message);
      case 'timeout-now':
        return onTimeoutNow(state);
      case 'read-index':
        return onReadIndex(state, message);
      case 'read-index-reply':
        return onReadIndexReply(state, message);
    }
  }

  private changedHardState(): HardState | null {
    const { term, votedFor, log } = this.state;
    const { written } = this;
    const mustWrite = term !== written.term || votedFor !== written.votedFor;
    // The commit index rides along with what is written anyway.
    if (!mustWrite && !(log.hasUnwritten && log.commitIndex !== written.commit)) return null;
    return { term, votedFor, commit: log.commitIndex };
  }
}
