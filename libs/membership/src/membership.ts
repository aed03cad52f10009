/**
 * The replicated state machine of membership: committed commands in, changes out, or a rejection as data.
 *
 * Deterministic: the same entries give the same state on every replica. Reads no clock; times are in the commands, rules are agreed like
 * everything else. The history of changes is the outbox too: what lies behind the published cursor is still to be told.
 */
import type { Brake } from '@muster/contracts';
import { afterFailure } from './admission.js';
import { AgreedClock } from './agreed-clock.js';
import { Brakes } from './brakes.js';
import type { Change, Unnumbered } from './change.js';
import type { BrakeCommand, Command, MemberCommand, OperatorCommand, ReleaseCommand, SingleCommand } from './command.js';
import { type DampingView, penaltyAt, reusableAtMs } from './damping.js';
import { History } from './history.js';
import { invariant } from './invariant.js';
import { isGone, type Member } from './member.js';
import { ordered } from './operator.js';
import type { Outcome, SingleOutcome } from './outcome.js';
import type { Rejection } from './rejection.js';
import { isSameRules, type MembershipRules } from './rules.js';
import { type MembershipSnapshot, type MembershipSnapshotV1, readable, upgraded } from './snapshot.js';
import { type At, transition } from './transition.js';

export interface Entry {
  /** Grows from entry to entry. >= 1. */
  readonly index: number;
  readonly term: number;
  readonly command: Command;
}

/** After these a member is no longer one of those that are silent together. */
const LEAVES_BRAKE: ReadonlySet<SingleCommand['kind']> = new Set(['join', 'clear', 'down', 'leave', 'left', 'evict']);

export class Membership {
  private readonly members = new Map<string, Member>();
  private readonly brakesHeld: Brakes;
  private readonly clock: AgreedClock;
  private readonly history: History;
  private agreedRules: MembershipRules;
  private rulesIndex = 0;
  private lastIndex = 0;
  private lastTerm = 0;
  /** Changes of the entry that is being applied. */
  private changes: Change[] = [];

  /** `rules` hold until others are agreed; a snapshot brings its own. */
  constructor(rules: MembershipRules, snapshot?: MembershipSnapshot | MembershipSnapshotV1) {
    const state = snapshot === undefined ? undefined : upgraded(snapshot, rules);
    this.agreedRules = state?.rules ?? rules;
    this.brakesHeld = new Brakes(state?.brakes);
    this.clock = new AgreedClock(state?.time);
    this.history = new History(state);
    if (state === undefined) return;
    for (const member of state.members) this.members.set(member.record.nodeId, member);
    this.rulesIndex = state.rulesIndex;
    this.lastIndex = state.index;
    this.lastTerm = state.term;
  }

  apply(entry: Entry): Outcome {
    invariant(entry.index > this.lastIndex, 'entries are applied in order, each once', { index: entry.index, last: this.lastIndex });
    invariant(entry.term >= this.lastTerm, 'terms never fall along the log', { term: entry.term, last: this.lastTerm });
    this.lastIndex = entry.index;
    this.lastTerm = entry.term;
    this.changes = [];
    const outcome = this.applyEntry(entry);
    this.history.push(this.changes);
    this.history.trim(this.agreedRules);
    return outcome;
  }

  member(nodeId: string): Member | undefined {
    return this.members.get(nodeId);
  }

  all(): IterableIterator<Member> {
    return this.members.values();
  }

  /** Rules that hold now. */
  get rules(): MembershipRules {
    return this.agreedRules;
  }

  /** True when `wanted` must be proposed: no rules were agreed in this log yet, or others were. */
  needsRules(wanted: MembershipRules): boolean {
    return this.rulesIndex === 0 || !isSameRules(this.agreedRules, wanted);
  }

  /** Brakes that hold, the one of the cluster first, then by zone. */
  brakes(): readonly Brake[] {
    return this.brakesHeld.zones().map((zone) => this.brakeOf(zone));
  }

  /** The brake that a DOWN of a member for silence would run into, and when it would not; null when none. */
  braked(nodeId: string, nowUnixMs: number): { readonly zone: string | null; readonly untilUnixMs: number } | null {
    const member = this.members.get(nodeId);
    const barrier = member === undefined ? null : this.brakesHeld.barrier(nodeId, member.record.zone, this.clock.at(nowUnixMs));
    return barrier === null ? null : { zone: barrier.zone, untilUnixMs: this.clock.unixMs(barrier.untilMs) };
  }

  /** What stands against believing a member that failed often. */
  damping(nodeId: string, nowUnixMs: number): DampingView {
    const member = this.members.get(nodeId);
    if (member === undefined) return { penalty: 0, isDamped: false, untilUnixMs: null, steadyMs: 0 };
    const { record, damping, failuresUnixMs } = member;
    const agreedMs = this.clock.at(nowUnixMs);
    const isDamped = record.marks.includes('damped');
    const penalty = penaltyAt(this.agreedRules, damping, agreedMs);
    const untilUnixMs = isDamped && penalty >= this.agreedRules.flapReuse ? this.clock.unixMs(reusableAtMs(this.agreedRules, damping)) : null;
    return { penalty, isDamped, untilUnixMs, steadyMs: afterFailure(this.agreedRules, failuresUnixMs).periodMs };
  }

  /** Members that have been DOWN or LEFT for so long that they may be forgotten. */
  reapable(nowUnixMs: number): Member[] {
    return [...this.members.values()].filter(({ record }) => isGone(record.status) && nowUnixMs - record.changedAtUnixMs >= this.agreedRules.reapAfterMs);
  }

  /**
   * Changes after `index`, oldest first, at most `limit` (>= 1); changes of one entry are never parted, so an entry that alone has more
   * comes whole. Some are missing when `index` lies before `forgottenIndex`.
   */
  changesAfter(index: number, limit: number): readonly Change[] {
    return this.history.after(index, limit);
  }

  /** Changes that are not on the bus yet. Count. */
  get outboxLength(): number {
    return this.history.outboxLength;
  }

  /** Changes that were lost to the bus because it was away for too long. Count. */
  get outboxDropped(): number {
    return this.history.outboxDropped;
  }

  /** Index of the latest change that was trimmed; 0 when all are kept. */
  get forgottenIndex(): number {
    return this.history.forgottenIndex;
  }

  /** Index of the last entry applied. */
  get index(): number {
    return this.lastIndex;
  }

  get term(): number {
    return this.lastTerm;
  }

  get publishedIndex(): number {
    return this.history.publishedIndex;
  }

  snapshot(): MembershipSnapshot {
    return {
      v: 2,
      index: this.lastIndex,
      term: this.lastTerm,
      rules: this.agreedRules,
      rulesIndex: this.rulesIndex,
      time: this.clock.snapshot(),
      members: [...this.members.values()],
      brakes: this.brakesHeld.snapshot(),
      ...this.history.snapshot(),
    };
  }

  private applyEntry({ command: read, index, term }: Entry): Outcome {
    const command = readable(read);
    if (command.kind === 'many') return { kind: 'many', outcomes: command.commands.map((single) => this.applyOne(single, Math.min(single.term, command.term), term)) };
    if (command.kind !== 'published') return this.applyOne(command, command.term, term);
    if (command.term < term) return staleTerm(command.term, term);
    this.history.publish(command.upToIndex, index);
    return { kind: 'noted' };
  }

  private applyOne(command: SingleCommand, seenTerm: number, term: number): SingleOutcome {
    // Proposed by a leader that was replaced before its command was committed: what it knew may be old.
    if (seenTerm < term) return staleTerm(seenTerm, term);
    this.clock.advance(command.atUnixMs, term);
    const at: At = { index: this.lastIndex, term, agreedMs: this.clock.nowMs, unixMs: (agreedMs) => this.clock.unixMs(agreedMs) };
    switch (command.kind) {
      case 'cordon':
      case 'uncordon':
      case 'drain':
      case 'evict':
        return this.order(command, at);
      case 'brake':
        return this.brake(command, at);
      case 'release':
        return this.release(command);
      case 'rules':
        this.agreedRules = command.rules;
        this.rulesIndex = this.lastIndex;
        return { kind: 'noted' };
      case 'join':
      case 'describe':
      case 'admit':
      case 'grade':
      case 'suspect':
      case 'clear':
      case 'down':
      case 'leave':
      case 'left':
      case 'reap':
        return this.judge(command, at);
    }
  }

  private judge(command: MemberCommand, at: At): SingleOutcome {
    const { nodeId } = command;
    const before = this.members.get(nodeId);
    const next = transition(this.agreedRules, before, command, at);
    if (next.kind === 'rejected') return next;
    if (next.kind === 'forgotten') {
      this.members.delete(nodeId);
      return this.changed({ kind: 'removed', nodeId }, command);
    }
    if (command.kind === 'down' && command.failure === 'unreachable') {
      const { zone } = next.member.record;
      const barrier = this.brakesHeld.barrier(nodeId, zone, at.agreedMs);
      if (barrier !== null) return reject({ kind: 'braked', nodeId, zone: barrier.zone, untilUnixMs: at.unixMs(barrier.untilMs) });
      this.brakesHeld.removed(nodeId, zone, at.agreedMs);
    }
    this.members.set(nodeId, next.member);
    const { record: member } = next.member;
    if (command.kind === 'describe') return this.changed({ kind: 'updated', member, reason: command.reason }, command);
    const silenceMs = command.kind === 'suspect' || command.kind === 'down' ? command.silenceMs : null;
    const failure = command.kind === 'down' ? command.failure : null;
    return this.changed({ kind: 'transition', from: before?.record.status ?? null, member, silenceMs, failure }, command);
  }

  private order(command: OperatorCommand, at: At): SingleOutcome {
    const { nodeId, reason } = command;
    const before = this.members.get(nodeId);
    const next = ordered(before, command, at);
    if (next.kind === 'rejected') return next;
    this.members.set(nodeId, next.member);
    const { record: member } = next.member;
    const from = before?.record.status ?? null;
    if (from === member.status) return this.changed({ kind: 'updated', member, reason }, command);
    return this.changed({ kind: 'transition', from, member, silenceMs: null, failure: 'evicted' }, command);
  }

  private brake(command: BrakeCommand, { agreedMs }: At): SingleOutcome {
    const { zone, reason } = command;
    const step = this.brakesHeld.engage(command, [...new Set(command.nodeIds)].filter((nodeId) => this.isProtectable(nodeId, zone)), agreedMs);
    if (step === null) return reject({ kind: 'nobody-to-protect', zone });
    return this.changed({ kind: 'brake', step, brake: this.brakeOf(zone), reason }, command);
  }

  private release(command: ReleaseCommand): SingleOutcome {
    const { zone, reason } = command;
    if (!this.brakesHeld.has(zone)) return reject({ kind: 'no-brake', zone });
    const brake = this.brakeOf(zone);
    this.brakesHeld.release(zone);
    return this.changed({ kind: 'brake', step: 'released', brake, reason }, command);
  }

  /** Only who could be declared dead for silence. */
  private isProtectable(nodeId: string, zone: string | null): boolean {
    const record = this.members.get(nodeId)?.record;
    if (record === undefined || isGone(record.status) || record.status === 'LEAVING') return false;
    return zone === null || record.zone === zone;
  }

  /** Numbers the change, and what follows from it: a brake that protects nobody any more ends. */
  private changed(change: Unnumbered, command: SingleCommand): SingleOutcome {
    const numbered = this.number(change, command.atUnixMs);
    if (!LEAVES_BRAKE.has(command.kind) || !('nodeId' in command)) return { kind: 'changed', change: numbered, also: [] };
    const also = this.brakesHeld.heldOnlyFor(command.nodeId).map((zone) => {
      const ended = this.number({ kind: 'brake', step: 'released', brake: this.brakeOf(zone), reason: 'nobody is left to protect' }, command.atUnixMs);
      this.brakesHeld.release(zone);
      return ended;
    });
    this.brakesHeld.leave(command.nodeId);
    return { kind: 'changed', change: numbered, also };
  }

  private number(change: Unnumbered, atUnixMs: number): Change {
    const numbered: Change = { ...change, index: this.lastIndex, term: this.lastTerm, ordinal: this.changes.length, atUnixMs };
    this.changes.push(numbered);
    return numbered;
  }

  private brakeOf(zone: string | null): Brake {
    return this.brakesHeld.view(zone, (agreedMs) => this.clock.unixMs(agreedMs));
  }
}

function staleTerm(seen: number, current: number): SingleOutcome {
  return reject({ kind: 'stale-term', seen, current });
}

function reject(rejection: Rejection): SingleOutcome {
  return { kind: 'rejected', rejection };
}
