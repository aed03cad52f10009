/**
 * Whom to probe, by whom, and when next: late members at their own pace and in fair turn, and each new member once, so that a later
 * refusal is known to be news.
 */
import type { ProbeResult } from '@muster/contracts';
import type { Profile } from '@muster/membership';
import type { Effect } from './effect.js';
import { ProbeLedger } from './probe-ledger.js';
import type { Seen } from './seen.js';
import type { Trouble } from './trouble.js';
import { Witnesses } from './witnesses.js';

/** Time from a result to the next look of our own. After a refusal the proof is completed at once. Milliseconds. */
const AFTER_REFUSAL_MS = 100;
const AFTER_SILENCE_MS = 200;
/** Time after their limit in which the answers of a round are awaited; less than until the next round. Milliseconds. */
const ANSWERS_MS = 150;
const AFTER_ANSWER_MS = 1000;
/** It told us nothing, because we were away ourselves. */
const AFTER_NOTHING_MS = 50;
/** From this round on there is no hurry. */
const HURRY_ROUNDS = 6;
/** Members asked beside us: in the first round, and later. Count. */
const WITNESSES_FIRST = 2;
const WITNESSES_MAX = 3;
/**
 * Looks begun in a window at members that are merely late: when thousands answer at once it is us who are late, and they must not pay
 * for it. Who does not answer takes longer than that anyway. Count; milliseconds.
 */
const LOOKS_PER_WINDOW = 128;
const WINDOW_MS = 250;
/** First probes of new members begun at one tick, and the time until one that failed is tried again. */
const FIRST_LOOKS_PER_TICK = 32;
const FIRST_LOOK_AGAIN_MS = 60_000;

export interface Looked {
  readonly seen: Seen;
  readonly trouble: Trouble;
}

export class ProbePlan {
  readonly witnesses = new Witnesses();
  private readonly ledger: ProbeLedger;
  /** Members that never answered a probe, and when to try. */
  private readonly unknown = new Map<string, number>();
  /** Some that were due and had to wait for room, from `next` on. */
  private waiting: readonly Looked[] = [];
  private next = 0;
  private windowMs = -Infinity;
  private begunInWindow = 0;

  constructor(
    private readonly ownId: string,
    private readonly timeLimitMs: number,
  ) {
    this.ledger = new ProbeLedger(ownId);
  }

  /** Looks at those that are due: who was never looked at first, then who waited longest. Those for whom there is no room wait. */
  look(looked: Iterable<Looked>, able: (nodeId: string) => Profile | null, nowMs: number): Effect[] {
    const due: Looked[] = [];
    for (const one of looked) if (isDue(one, nowMs)) due.push(one);
    if (due.length > 1) due.sort((a, b) => Math.min(a.trouble.rounds, 1) - Math.min(b.trouble.rounds, 1) || a.trouble.dueAtMs - b.trouble.dueAtMs);
    this.waiting = due;
    this.next = 0;
    return this.goOn(able, nowMs);
  }

  /** Looks at those that wait, as far as there is room. */
  goOn(able: (nodeId: string) => Profile | null, nowMs: number): Effect[] {
    const effects: Effect[] = [];
    for (; this.next < this.waiting.length && this.ledger.hasRoom(this.ownId); this.next++) {
      const one = this.waiting[this.next];
      if (one === undefined || !isDue(one, nowMs)) continue;
      if (!this.isAffordable(one, nowMs)) break;
      this.begin(one, able, { nowMs, effects });
    }
    return effects;
  }

  /** Looks at one at once, if there is room. */
  lookAt(one: Looked, able: (nodeId: string) => Profile | null, nowMs: number): Effect[] {
    const effects: Effect[] = [];
    if (isDue(one, nowMs) && this.ledger.hasRoom(this.ownId)) this.begin(one, able, { nowMs, effects });
    return effects;
  }

  /** First probes of members that beat and never answered one. */
  firstLooks(seenOf: (nodeId: string) => Seen | undefined, nowMs: number): Effect[] {
    const effects: Effect[] = [];
    for (const [nodeId, dueAtMs] of this.unknown) {
      if (effects.length >= FIRST_LOOKS_PER_TICK) break;
      if (nowMs < dueAtMs) continue;
      const seen = seenOf(nodeId);
      if (seen === undefined || seen.isProbeable || !isAddressed(seen.profile)) {
        this.unknown.delete(nodeId);
      } else {
        if (!this.ledger.hasRoom(this.ownId)) break;
        this.ask(seen, this.ownId, nowMs, effects);
        // To the end of the line.
        this.unknown.delete(nodeId);
        this.unknown.set(nodeId, nowMs + FIRST_LOOK_AGAIN_MS);
      }
    }
    return effects;
  }

  /** A member that is new to us, or under a new incarnation. */
  introduce(nodeId: string): void {
    if (nodeId !== this.ownId) this.unknown.set(nodeId, -Infinity);
  }

  /** A probe came back. */
  done(nodeId: string, by: string): void {
    this.ledger.done(nodeId, by);
  }

  /** When to look again, after what our own look found. */
  pace(trouble: Trouble, result: ProbeResult | null, nowMs: number): void {
    trouble.dueAtMs = nowMs + pause(result, trouble.rounds);
  }

  isUnderway(nodeId: string, by: string): boolean {
    return this.ledger.isUnderway(nodeId, by);
  }

  /** Until when answers of the last round may still come; -Infinity when all are there. */
  awaitedUntilMs(nodeId: string, { asked, askedAtMs }: Trouble): number {
    return asked.some((by) => this.ledger.isUnderway(nodeId, by)) ? askedAtMs + this.timeLimitMs + ANSWERS_MS : -Infinity;
  }

  /** Gives up probes that were never answered; says which nodes we looked at in vain. */
  expire(nowMs: number): string[] {
    return this.ledger.expire(nowMs);
  }

  forget(nodeId: string): void {
    this.unknown.delete(nodeId);
  }

  get underway(): number {
    return this.ledger.size;
  }

  private begin({ seen, trouble }: Looked, able: (nodeId: string) => Profile | null, { nowMs, effects }: { readonly nowMs: number; readonly effects: Effect[] }): void {
    const count = trouble.rounds === 0 ? WITNESSES_FIRST : WITNESSES_MAX;
    const { seenBy } = trouble;
    const chosen = this.witnesses.choose(seen, { count, round: trouble.rounds, able, isLast: (by) => trouble.isAskedLast(by, nowMs) });
    const isMissed = seenBy !== null && seenBy !== this.ownId && !chosen.includes(seenBy) && this.witnesses.has(seenBy) && able(seenBy) !== null;
    trouble.asked = [this.ownId, ...(isMissed ? [seenBy, ...chosen.slice(0, count - 1)] : chosen)];
    trouble.askedAtMs = nowMs;
    for (const by of trouble.asked) this.ask(seen, by, nowMs, effects);
    trouble.rounds += 1;
    trouble.dueAtMs = Infinity;
  }

  /** A closed lane is asked about at any price. */
  private isAffordable({ trouble }: Looked, nowMs: number): boolean {
    if (trouble.laneClosedAtMs !== null) return true;
    if (nowMs - this.windowMs >= WINDOW_MS) [this.windowMs, this.begunInWindow] = [nowMs, 0];
    this.begunInWindow += 1;
    return this.begunInWindow <= LOOKS_PER_WINDOW;
  }

  private ask(seen: Seen, by: string, nowMs: number, effects: Effect[]): void {
    const { nodeId, incarnation, profile } = seen;
    if (!this.ledger.take(nodeId, by, { nowMs, timeLimitMs: this.timeLimitMs })) return;
    effects.push({ kind: 'probe', target: { nodeId, incarnation, probeUrl: profile.probeUrl, httpUrl: profile.httpUrl }, by, timeLimitMs: this.timeLimitMs, askedAtMs: nowMs });
  }
}

export function isAddressed({ probeUrl, httpUrl }: Profile): boolean {
  return probeUrl !== null || httpUrl !== null;
}

function isDue({ seen, trouble }: Looked, nowMs: number): boolean {
  return !trouble.isClosed && trouble.dueAtMs <= nowMs && isAddressed(seen.profile);
}

function pause(result: ProbeResult | null, rounds: number): number {
  switch (result) {
    case 'refused':
      return rounds < HURRY_ROUNDS ? AFTER_REFUSAL_MS : AFTER_ANSWER_MS;
    case 'answered':
      return AFTER_ANSWER_MS;
    case null:
      return rounds < HURRY_ROUNDS ? AFTER_NOTHING_MS : AFTER_SILENCE_MS;
    case 'accepted':
    case 'silent':
      return rounds < HURRY_ROUNDS ? AFTER_SILENCE_MS : AFTER_ANSWER_MS;
  }
}
