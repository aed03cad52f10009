/**
 * What must hold in every weather. A break ends the run: it is a bug of the cores or of this simulation, never a figure. What today's
 * code merely does not reach is a goal, see goals.ts. Looked at when something was applied, and when something ought to have been.
 */
import { type Change, type Command, type Entry, isGone, type Membership, type Outcome } from '@muster/membership';
import type { Attention } from './attention.js';
import type { GroundTruth } from './ground-truth.js';
import { EPOCH_UNIX_MS } from './simulated-beat.js';
import type { SimulatedNode } from './simulated-node.js';
import type { VirtualClock } from './virtual-clock.js';

export interface InvariantLimits {
  readonly failureTimeoutMs: number;
  readonly hungTimeoutMs: number;
  readonly intervalMs: number;
}

export interface InvariantOptions {
  readonly clock: VirtualClock;
  readonly membership: Membership;
  readonly truth: GroundTruth;
  readonly node: (nodeId: string) => SimulatedNode | undefined;
  readonly limits: InvariantLimits;
  /** Since when the coordinator's process runs, and whether the bus is there. */
  readonly observer: () => { readonly startedAtMs: number; readonly isBusUp: boolean };
}

/** For the tick that notices, the write and the way of the last beat; and for the beat of somebody else that proves the way, which is as slow as beats are. */
const DETECTION_BOUND_MS = 2000;
const DETECTION_BOUND_INTERVALS = 2;
/** Lateness of its loop that the coordinator does not notice, once per absence. Milliseconds. After each the way has to be proven again, by a beat of its own. */
const UNNOTICED_MS = 750;
/** An absence of so many intervals gives everybody a full deadline. Count. */
const GRACE_INTERVALS = 5;
/** Nobody is given up for a silence of fewer intervals, whatever the preset. Count. */
const SILENT_INTERVALS_MIN = 1.5;

export class InvariantBroken extends Error {}

interface Down {
  readonly incarnation: number;
  readonly seq: number;
}

export class Invariants {
  private index = 0;
  /** When a brake held last, as far as entries tell. */
  private brakedUntilMs = 0;
  /** Of the incarnation that is DOWN: what was known of it. */
  private readonly downAt = new Map<string, Down>();
  private readonly damped = new Map<string, number>();

  private readonly boundMs: number;

  constructor(private readonly options: InvariantOptions) {
    this.boundMs = Math.max(DETECTION_BOUND_MS, DETECTION_BOUND_INTERVALS * options.limits.intervalMs);
  }

  /** A process ended without a word. */
  crashed(nodeId: string, incarnation: number): void {
    const { clock, limits } = this.options;
    clock.after(limits.failureTimeoutMs + this.boundMs, () => this.isNoticed(nodeId, incarnation));
  }

  /** `brakedBefore`: whom a brake protected when the entry was applied. */
  applied(entry: Entry, outcome: Outcome, changes: readonly Change[], brakedBefore: ReadonlySet<string>): void {
    holds(entry.index > this.index, 'the index never falls', { index: entry.index, before: this.index });
    this.index = entry.index;
    changes.forEach((change, at) => {
      holds(change.index === entry.index && change.ordinal === at, 'a change carries the index of its entry, and its place in it', { change: change.index, ordinal: change.ordinal, entry: entry.index, at });
      if (change.kind === 'transition') holds(change.member.reason !== '', 'every change has a reason', { nodeId: change.member.nodeId });
    });
    if (changes.some(({ kind }) => kind === 'brake') || this.options.membership.brakes().length > 0) this.brakedUntilMs = this.options.clock.nowMs();
    const commands = singles(entry.command);
    const outcomes = outcome.kind === 'many' ? outcome.outcomes : [outcome];
    commands.forEach((command, at) => {
      const made = outcomes[at];
      if (made?.kind !== 'changed' || made.change.kind !== 'transition') return;
      const { change } = made;
      if (command.kind === 'down') this.isFair(change, brakedBefore);
      if ('seq' in command) this.isFinal(change, command.seq);
    });
  }

  private isFair({ member: { nodeId, incarnation }, failure }: Extract<Change, { kind: 'transition' }>, brakedBefore: ReadonlySet<string>): void {
    switch (failure) {
      case 'crashed':
        return this.wasGone(nodeId, incarnation);
      case 'unreachable':
        holds(!brakedBefore.has(nodeId), 'nobody is DOWN as unreachable whom a brake protects', { nodeId, incarnation });
        return this.wasSilent(nodeId, incarnation);
      case 'hung':
        return this.stoodStill(nodeId, incarnation);
      case 'evicted':
      case null:
        return;
    }
  }

  private wasGone(nodeId: string, incarnation: number): void {
    const life = this.options.truth.life(nodeId, incarnation);
    holds(life !== undefined && life.endedAtMs !== null, 'only a process that is gone is DOWN as crashed', { nodeId, incarnation, atMs: this.options.clock.nowMs() });
  }

  private wasSilent(nodeId: string, incarnation: number): void {
    const { truth, clock, limits } = this.options;
    const atMs = clock.nowMs();
    // What waited in a queue counts from when it was made.
    const aliveAtMs = truth.life(nodeId, incarnation)?.aliveAtMs ?? 0;
    const absence = this.attention(nodeId).absence(aliveAtMs, atMs);
    const observedMs = atMs - aliveAtMs - absence.ms;
    const silentMs = SILENT_INTERVALS_MIN * limits.intervalMs;
    holds(observedMs >= silentMs - 1 - UNNOTICED_MS * absence.count, 'nobody is DOWN as unreachable after a silence of less than 1.5 intervals, observed', { nodeId, incarnation, atMs, aliveAtMs, observedMs, absentMs: absence.ms });
  }

  private stoodStill(nodeId: string, incarnation: number): void {
    const { truth, clock, limits, node } = this.options;
    const there = node(nodeId);
    const life = truth.life(nodeId, incarnation);
    if (there === undefined || life === undefined || life.endedAtMs !== null) return;
    const mainMs = there.main.stillMs;
    const processMs = there.process.stillMs;
    const isHung = mainMs >= limits.hungTimeoutMs - DETECTION_BOUND_MS || processMs >= limits.failureTimeoutMs - DETECTION_BOUND_MS;
    holds(isHung, 'only what stood still for the whole time is DOWN as hung', { nodeId, incarnation, atMs: clock.nowMs(), mainMs, processMs });
  }

  private isFinal(change: Extract<Change, { kind: 'transition' }>, seq: number): void {
    const { nodeId, incarnation, status, marks } = change.member;
    const down = this.downAt.get(nodeId);
    if (down !== undefined) {
      const isRefuted = incarnation === down.incarnation && seq > down.seq && status === 'JOINING';
      // A process that left while it was taken for dead ends as LEFT.
      const isLastWord = incarnation === down.incarnation && status === 'LEFT';
      holds(incarnation > down.incarnation || isRefuted || isLastWord, 'DOWN is final for an incarnation unless a later beat refutes it', { nodeId, incarnation, status, seq, down });
    }
    if (status === 'DOWN') this.downAt.set(nodeId, { incarnation, seq });
    else this.downAt.delete(nodeId);
    const isService = status === 'HEALTHY' || status === 'DEGRADED';
    if (isService && this.damped.get(nodeId) === incarnation) holds(!marks.includes('damped') || change.from === 'HEALTHY' || change.from === 'DEGRADED', 'who is damped does not come back into service', { nodeId, incarnation, status });
    if (marks.includes('damped')) this.damped.set(nodeId, incarnation);
    else this.damped.delete(nodeId);
  }

  /** The coordinator gets the time back in which it could not observe, a full deadline after a long absence, and as long as a brake holds. */
  private isNoticed(nodeId: string, incarnation: number): void {
    const { membership, truth, clock, limits } = this.options;
    const nowMs = clock.nowMs();
    const record = membership.member(nodeId)?.record;
    if (record === undefined || record.incarnation !== incarnation || isGone(record.status)) return;
    const { failureTimeoutMs, intervalMs } = limits;
    const again = (atMs: number): void => void clock.at(Math.max(nowMs + 1, atMs), () => this.isNoticed(nodeId, incarnation));
    if (membership.brakes().length > 0) return again(nowMs + failureTimeoutMs);
    const heardAtMs = truth.life(nodeId, incarnation)?.heardAtMs ?? nowMs;
    // It knows nobody's lane yet, and the bus cannot tell it who is missing.
    const { startedAtMs, isBusUp } = this.options.observer();
    if (!isBusUp && startedAtMs > heardAtMs) return again(nowMs + failureTimeoutMs);
    const attention = this.attention(nodeId);
    const { count } = attention.absence(heardAtMs, nowMs);
    const sinceMs = attention.silentSince(heardAtMs, GRACE_INTERVALS * intervalMs);
    // Whom a brake let go, or a new coordinator took up, has a full deadline from then.
    const dueAtMs = attention.isBlind(nowMs) ? nowMs + failureTimeoutMs : Math.max(sinceMs, startedAtMs, this.brakedUntilMs) + failureTimeoutMs + this.boundMs + (UNNOTICED_MS + intervalMs) * count;
    holds(nowMs < dueAtMs, 'a crashed node is DOWN within failure.timeoutMs and 2 s, or two intervals', { nodeId, incarnation, status: record.status, heardAtMs, sinceMs, nowMs, unixMs: EPOCH_UNIX_MS + nowMs });
    again(dueAtMs);
  }

  private attention(nodeId: string): Attention {
    return this.options.truth.attention(this.options.node(nodeId)?.partition ?? 0);
  }
}

function singles(command: Command): readonly Command[] {
  return command.kind === 'many' ? command.commands : [command];
}

function holds(isTrue: boolean, claim: string, facts: Readonly<Record<string, unknown>>): void {
  if (!isTrue) throw new InvariantBroken(`${claim} ${JSON.stringify(facts)}`);
}
