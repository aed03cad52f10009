/**
 * The replicated state machine of membership: committed commands in, changes out, or a rejection as data.
 *
 * Deterministic: the same entries give the same state on every replica. Reads no clock; times are in the commands. The history of
 * changes is the outbox too: what lies behind the published cursor is still to be told.
 */
import type { Brake } from '@muster/contracts';
import type { Change } from './change.js';
import type { Command, SingleCommand } from './command.js';
import { invariant } from './invariant.js';
import { isGone, type Member } from './member.js';
import type { Outcome, SingleOutcome } from './outcome.js';
import type { MembershipRules } from './rules.js';
import { transition } from './transition.js';

export interface Entry {
  /** Grows from entry to entry. >= 1. */
  readonly index: number;
  readonly term: number;
  readonly command: Command;
}

/** What proposers need to know of a member that fails often. */
export interface DampingView {
  /** Failures, older ones counting less, now. */
  readonly penalty: number;
  readonly isDamped: boolean;
  /** When its penalty is low enough that it may be cleared, admitted or joined again; null when it is now. */
  readonly untilUnixMs: number | null;
  /** How long it must be seen steadily alive, besides, before that is proposed. Milliseconds. */
  readonly steadyMs: number;
}

/** The whole state as plain data. */
export interface MembershipSnapshot {
  readonly v: 1;
  readonly index: number;
  readonly term: number;
  readonly publishedIndex: number;
  readonly outboxDropped: number;
  /** Absent when nothing was trimmed yet. */
  readonly forgottenIndex?: number;
  readonly members: readonly Member[];
  readonly changes: readonly Change[];
}

export class Membership {
  private readonly members = new Map<string, Member>();
  private changes: Change[] = [];
  private lastIndex = 0;
  private lastTerm = 0;
  private published = 0;
  private dropped = 0;
  private forgotten = 0;

  constructor(
    private agreedRules: MembershipRules,
    snapshot?: MembershipSnapshot,
  ) {
    if (snapshot === undefined) return;
    for (const member of snapshot.members) this.members.set(member.record.nodeId, member);
    this.changes = [...snapshot.changes];
    this.lastIndex = snapshot.index;
    this.lastTerm = snapshot.term;
    this.published = snapshot.publishedIndex;
    this.dropped = snapshot.outboxDropped;
    this.forgotten = snapshot.forgottenIndex ?? 0;
  }

  apply(entry: Entry): Outcome {
    invariant(entry.index > this.lastIndex, 'entries are applied in order, each once', { index: entry.index, last: this.lastIndex });
    invariant(entry.term >= this.lastTerm, 'terms never fall along the log', { term: entry.term, last: this.lastTerm });
    this.lastIndex = entry.index;
    this.lastTerm = entry.term;
    const { command } = entry;
    // Proposed by a leader that was replaced before its command was committed: what it knew may be old.
    if (command.term < entry.term) return { kind: 'rejected', rejection: { kind: 'stale-term', seen: command.term, current: entry.term } };
    if (command.kind === 'published') {
      this.published = Math.min(Math.max(this.published, command.upToIndex), entry.index);
      this.trim();
      return { kind: 'noted' };
    }
    if (command.kind === 'many') return { kind: 'many', outcomes: command.commands.map((single) => this.applyOne(single, entry)) };
    return this.applyOne(command, entry);
  }

  private applyOne(command: SingleCommand, entry: Entry): SingleOutcome {
    switch (command.kind) {
      case 'cordon':
      case 'uncordon':
      case 'drain':
      case 'evict':
      case 'brake':
      case 'release':
      case 'rules':
        return { kind: 'noted' };
    }
    const before = this.members.get(command.nodeId);
    const next = transition(this.agreedRules, before, command, entry);
    if (next.kind === 'rejected') return next;
    const at = { index: entry.index, term: entry.term, ordinal: 0, atUnixMs: command.atUnixMs };
    if (next.kind === 'forgotten') {
      this.members.delete(command.nodeId);
      return this.record({ kind: 'removed', ...at, nodeId: command.nodeId });
    }
    this.members.set(command.nodeId, next.member);
    if (command.kind === 'describe') return this.record({ kind: 'updated', ...at, member: next.member.record, reason: command.reason });
    const silenceMs = command.kind === 'suspect' || command.kind === 'down' ? command.silenceMs : null;
    return this.record({ kind: 'transition', ...at, from: before?.record.status ?? null, member: next.member.record, silenceMs, failure: command.kind === 'down' ? command.failure : null });
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
  needsRules(_wanted: MembershipRules): boolean {
    return false;
  }

  /** Brakes that hold, the one of the cluster first, then by zone. */
  brakes(): readonly Brake[] {
    return [];
  }

  /** The brake that a DOWN of a member for silence would run into now, and when it would not; null when none. */
  braked(_nodeId: string, _nowUnixMs: number): { readonly zone: string | null; readonly untilUnixMs: number } | null {
    return null;
  }

  damping(_nodeId: string, _nowUnixMs: number): DampingView {
    return { penalty: 0, isDamped: false, untilUnixMs: null, steadyMs: 0 };
  }

  /** Members that have been DOWN or LEFT for so long that they may be forgotten. */
  reapable(nowUnixMs: number): Member[] {
    return [...this.members.values()].filter(({ record }) => isGone(record.status) && nowUnixMs - record.changedAtUnixMs >= this.agreedRules.reapAfterMs);
  }

  /** Changes after `index`, oldest first, at most `limit`. Some are missing when `index` lies before `forgottenIndex`. */
  changesAfter(index: number, limit: number): readonly Change[] {
    const from = this.firstAfter(index);
    return this.changes.slice(from, from + limit);
  }

  /** Changes that are not on the bus yet. Count. */
  get outboxLength(): number {
    return this.changes.length - this.firstAfter(this.published);
  }

  /** Changes that were lost to the bus because it was away for too long. Count. */
  get outboxDropped(): number {
    return this.dropped;
  }

  /** Index of the latest change that was trimmed; 0 when all are kept. */
  get forgottenIndex(): number {
    return this.forgotten;
  }

  /** Index of the last entry applied. */
  get index(): number {
    return this.lastIndex;
  }

  get term(): number {
    return this.lastTerm;
  }

  get publishedIndex(): number {
    return this.published;
  }

  snapshot(): MembershipSnapshot {
    return {
      v: 1,
      index: this.lastIndex,
      term: this.lastTerm,
      publishedIndex: this.published,
      outboxDropped: this.dropped,
      forgottenIndex: this.forgotten,
      members: [...this.members.values()],
      changes: [...this.changes],
    };
  }

  private record(change: Change): SingleOutcome {
    this.changes.push(change);
    this.trim();
    return { kind: 'changed', change, also: [] };
  }

  /** Keeps what is not published, up to a limit, and the latest of what is. In steps, because moving an array costs its length. */
  private trim(): void {
    const surplus = this.changes.length - this.agreedRules.historyMax;
    if (surplus < this.agreedRules.historyMax / 4) return;
    const publishedCount = this.firstAfter(this.published);
    const overflow = Math.max(0, this.changes.length - publishedCount - this.agreedRules.outboxMax);
    const drop = Math.max(Math.min(surplus, publishedCount), overflow === 0 ? 0 : publishedCount + overflow);
    if (drop === 0) return;
    this.dropped += Math.max(0, drop - publishedCount);
    this.forgotten = this.changes.splice(0, drop).at(-1)?.index ?? this.forgotten;
  }

  /** Position of the first change after `index`: binary search, the list is ordered. */
  private firstAfter(index: number): number {
    let low = 0;
    let high = this.changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.changes[middle]?.index ?? Infinity) <= index) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
