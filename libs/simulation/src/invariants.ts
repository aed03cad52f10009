/**
 * What must hold after every step, in every weather. A break ends the run: it is a bug of the cores or of this simulation, never a
 * figure. What today's code merely does not reach is a goal, see goals.ts.
 */
import { type Change, type Entry, isGone, type Membership, type Outcome } from '@muster/membership';
import type { GroundTruth } from './ground-truth.js';

export interface InvariantLimits {
  readonly silentMs: number;
  readonly failureTimeoutMs: number;
  readonly intervalMs: number;
}

/** For the tick that notices, the write and the way of the last beat. Milliseconds. */
const DETECTION_BOUND_MS = 2000;
/** Lateness of its loop that the coordinator does not notice, once per absence. Milliseconds. */
const UNNOTICED_MS = 750;

/** After an absence the time since the last proof is excused as well, although it was observed: up to so many intervals, see the README. Count. */
const EXCUSED_INTERVALS = 2;
/** An absence of so many intervals gives everybody a full deadline. Count. */
const GRACE_INTERVALS = 5;

export class InvariantBroken extends Error {}

interface Due {
  readonly nodeId: string;
  readonly incarnation: number;
  readonly atMs: number;
}

export class Invariants {
  private index = 0;
  private readonly due: Due[] = [];
  /** Sequence that was known of the incarnation that is DOWN. */
  private readonly downAt = new Map<string, { readonly incarnation: number; readonly seq: number }>();

  constructor(
    private readonly membership: Membership,
    private readonly truth: GroundTruth,
    private readonly limits: InvariantLimits,
  ) {}

  /** A process ended without a word. */
  crashed(nodeId: string, incarnation: number, atMs: number): void {
    this.due.push({ nodeId, incarnation, atMs: atMs + this.limits.failureTimeoutMs + DETECTION_BOUND_MS });
  }

  applied({ command, index }: Entry, outcome: Outcome, atMs: number): void {
    if (outcome.kind !== 'changed' || command.kind === 'published' || command.kind === 'many') return;
    const { change } = outcome;
    holds(change.index === index, 'a change carries the index of its entry', { change: change.index, entry: index });
    holds(command.reason !== '' && (!('member' in change) || change.member.reason !== ''), 'every change has a reason', { command: command.kind });
    if (command.kind === 'down') {
      if (command.failure === 'crashed') this.wasGone(command.nodeId, command.incarnation, atMs);
      else this.wasSilent(command.nodeId, command.incarnation, atMs);
    }
    if ('seq' in command) this.isFinal(change, command.seq);
  }

  afterStep(nowMs: number): void {
    const { index } = this.membership;
    holds(index >= this.index, 'the index never falls', { index, before: this.index });
    this.index = index;
    for (let due = this.due[0]; due !== undefined && due.atMs <= nowMs; due = this.due[0]) {
      this.due.shift();
      this.isNoticed(due, nowMs);
    }
  }

  private wasGone(nodeId: string, incarnation: number, atMs: number): void {
    const life = this.truth.life(nodeId, incarnation);
    holds(life !== undefined && life.endedAtMs !== null, 'only a process that is gone is DOWN as crashed', { nodeId, incarnation, atMs });
  }

  private wasSilent(nodeId: string, incarnation: number, atMs: number): void {
    const heardAtMs = this.truth.life(nodeId, incarnation)?.heardAtMs ?? 0;
    const absence = this.truth.absence(heardAtMs, atMs);
    const observedMs = atMs - heardAtMs - absence.ms;
    holds(observedMs >= this.limits.silentMs - 1 - UNNOTICED_MS * absence.count, 'nobody is DOWN as unreachable before the silent limit, observed', { nodeId, incarnation, atMs, heardAtMs, observedMs, absentMs: absence.ms });
  }

  private isFinal(change: Change, seq: number): void {
    if (change.kind === 'brake') return;
    if (change.kind === 'removed') return void this.downAt.delete(change.nodeId);
    const { nodeId, incarnation, status } = change.member;
    const down = this.downAt.get(nodeId);
    if (down !== undefined && change.kind === 'transition') {
      const isRefuted = incarnation === down.incarnation && seq > down.seq && status === 'JOINING';
      // A process that left while it was taken for dead ends as LEFT.
      const isLastWord = incarnation === down.incarnation && status === 'LEFT';
      holds(incarnation > down.incarnation || isRefuted || isLastWord, 'DOWN is final for an incarnation unless a later beat refutes it', { nodeId, incarnation, status, seq, down });
    }
    if (status === 'DOWN') this.downAt.set(nodeId, { incarnation, seq });
    else this.downAt.delete(nodeId);
  }

  /** The coordinator gets the time back in which it could not observe, and a full deadline after a long absence. */
  private isNoticed({ nodeId, incarnation }: Due, nowMs: number): void {
    const record = this.membership.member(nodeId)?.record;
    if (record === undefined || record.incarnation !== incarnation || isGone(record.status)) return;
    const heardAtMs = this.truth.life(nodeId, incarnation)?.heardAtMs ?? nowMs;
    const { failureTimeoutMs, intervalMs } = this.limits;
    const { count } = this.truth.absence(heardAtMs, nowMs);
    const sinceMs = this.truth.silentSince(heardAtMs, GRACE_INTERVALS * intervalMs);
    const dueAtMs = this.truth.isBlind(nowMs) ? nowMs + failureTimeoutMs : sinceMs + failureTimeoutMs + DETECTION_BOUND_MS + (UNNOTICED_MS + EXCUSED_INTERVALS * intervalMs) * count;
    holds(nowMs < dueAtMs, 'a crashed node is DOWN within failure.timeoutMs and 2 s', { nodeId, incarnation, status: record.status, heardAtMs, sinceMs, nowMs });
    this.due.push({ nodeId, incarnation, atMs: dueAtMs });
    this.due.sort((a, b) => a.atMs - b.atMs);
  }
}

function holds(isTrue: boolean, claim: string, facts: Readonly<Record<string, unknown>>): void {
  if (!isTrue) throw new InvariantBroken(`${claim} ${JSON.stringify(facts)}`);
}
