/**
 * Sense, judge, propose: one coordinator's part in detection as a step machine.
 *
 * Inputs come in with their time, effects go out as data; it reads no clock, sends nothing and holds no timer. What was agreed is
 * read from `membership`, and changed only by proposals.
 */
import type { Why } from '@muster/contracts';
import { type Change, isGone, type SingleCommand } from '@muster/membership';
import { BrakeWatch } from './brake-watch.js';
import { decide, type Proposal } from './decide.js';
import type { Effect, Note } from './effect.js';
import type { Now, ObserverInput } from './input.js';
import { Proposals } from './proposals.js';
import { Refusals } from './refusals.js';
import type { ObserverOptions } from './rules.js';
import type { Seen } from './seen.js';
import { AWAITED, type Finding, FOLLOWS, type Sight, type Withheld } from './sight.js';
import { MAIN_LAG_MS, type ObservedPulse } from './sightings.js';
import { VerdictDesk } from './verdict-desk.js';
import { type Unobserved, Watch } from './watch.js';

/** Time between two `tick` inputs. Milliseconds. */
export const TICK_MS = 250;
/** Commands of one entry. Count. */
const COMMANDS_MAX = 500;
/** Time between two looks for members to forget. Milliseconds. */
const REAP_EVERY_MS = 60_000;
/** Time between two looks for members that only the log knows. Milliseconds. */
const TAKE_UP_EVERY_MS = 1000;
/** Processes that die together are found one after the other: how long the first waits for the others, at least and at most. Milliseconds. */
const COMPANY_MS_MIN = 40;
const COMPANY_MS_MAX = 120;
const COMPANY_MS: readonly number[] = [COMPANY_MS_MIN, COMPANY_MS_MAX];
/** A lane that was closed this long ago belongs to the same event. Milliseconds. */
const SAME_EVENT_MS = 500;
/** Share of `brakeHoldMs` for which others must be seen before anybody is removed under a brake. */
const RESPITE_SHARE = 1 / 6;
const NOTHING: readonly Effect[] = [];

export class Observer {
  private readonly watch: Watch;
  private readonly brakes: BrakeWatch;
  private readonly proposals = new Proposals();
  private readonly refusals = new Refusals();
  private readonly desk: VerdictDesk;
  private readonly withheld = new Map<string, Withheld>();
  private role = { isLeader: false, term: 0 };
  /** Whether brakes that hold may be asked to protect more. */
  private isGrowing = false;
  private armedAtMs: number | null = null;
  private reapedAtMs: number;
  private tookUpAtMs: number;
  private effects: Effect[] = [];
  private commands: SingleCommand[] = [];
  /** Nodes that the commands of this step are about. */
  private readonly chosen = new Set<string>();

  constructor(
    private readonly options: ObserverOptions,
    now: Now,
  ) {
    this.watch = new Watch(options, now);
    this.brakes = new BrakeWatch(options.membership, options.rules.brakeFraction);
    this.desk = new VerdictDesk(options, this.watch);
    this.reapedAtMs = now.ms;
    this.tookUpAtMs = now.ms;
  }

  /** Takes one input. The effects are to be performed in their order. */
  step(input: ObserverInput, now: Now): readonly Effect[] {
    this.unobserved(this.watch.ran(now.ms));
    const needsArming = this.take(input, now);
    this.flush(now);
    if (needsArming) this.arm(now.ms);
    if (this.effects.length === 0) return NOTHING;
    const { effects } = this;
    this.effects = [];
    return effects;
  }

  /** What of a proposal still holds, with the latest that is known; to be appended in its place. A beat that came since vetoes. */
  stillHolds(ticket: number, now: Now): readonly SingleCommand[] {
    const pending = this.proposals.get(ticket);
    if (pending === undefined) return [];
    this.brakes.changed();
    pending.appended = pending.commands.flatMap((command) => this.renewed(command, now) ?? []);
    return pending.appended;
  }

  /** Whether a beat is newer than everything seen of its node. */
  isNews(beat: { readonly nodeId: string; readonly incarnation: number; readonly seq: number }): boolean {
    const seen = this.watch.sightings.get(beat.nodeId);
    return seen === undefined || beat.incarnation > seen.incarnation || (beat.incarnation === seen.incarnation && beat.seq > seen.seq);
  }

  pulse(nodeId: string, nowMs: number): ObservedPulse | null {
    return this.watch.sightings.pulse(nodeId, nowMs);
  }

  /** The evidence behind a member's state; null when it is no member. */
  why(nodeId: string, now: Now): Why | null {
    return this.desk.why(nodeId, this.withheld.get(nodeId), now);
  }

  /** What we doubt of ourselves; empty when nothing. */
  doubtReason(nowMs: number): string {
    return this.watch.doubt.reason(nowMs);
  }

  /** Highest incarnation that was seen of a node; null when it is unknown. */
  incarnation(nodeId: string): number | null {
    return this.watch.sightings.get(nodeId)?.incarnation ?? null;
  }

  /** Nodes that are known. Count. */
  get size(): number {
    return this.watch.sightings.size;
  }

  /** Members about which there is a question now, and probes under way. Counts. */
  get load(): { readonly questions: number; readonly probesUnderway: number } {
    return { questions: this.watch.questions.size, probesUnderway: this.watch.plan.underway };
  }

  /** Says whether a deadline may be nearer than before. */
  private take(input: ObserverInput, now: Now): boolean {
    switch (input.kind) {
      case 'beats':
        return this.beats(input, now);
      case 'tick':
        this.tick(now);
        return true;
      case 'alarm':
        this.armedAtMs = null;
        this.look(now);
        return true;
      case 'probed':
        this.probed(input, now);
        return true;
      case 'lane':
        this.effects.push(...this.watch.lane(input.nodeId, input.incarnation, input.is, now.ms));
        return true;
      case 'bus':
        this.watch.busIs(input.isUp);
        return false;
      case 'changes':
        this.brakes.changed();
        for (const change of input.changes) this.changed(change, now);
        return true;
      case 'settled':
        this.settled(input, now);
        return true;
      case 'role':
        this.role = { isLeader: input.isLeader, term: input.term };
        this.refusals.clear();
        this.takeUp(now);
        this.hearLastWords(now);
        return true;
    }
  }

  /** Whoever has said its last word says nothing more: what was heard while another led, or nobody, is for whoever leads now. */
  private hearLastWords(now: Now): void {
    if (!this.role.isLeader) return;
    for (const seen of this.watch.sightings.all()) if (seen.state !== 'running') this.consider(seen, now);
  }

  private beats(input: Extract<ObserverInput, { kind: 'beats' }>, now: Now): boolean {
    let needsArming = false;
    let hasNews = false;
    for (const newest of input.beats) {
      const { beat } = newest;
      const heard = this.watch.heard(newest, input.partition, now);
      if (heard === null) continue;
      if (beat.nodeId !== this.options.nodeId || input.lane === 'bus') hasNews = true;
      needsArming ||= heard.isNew || this.watch.questions.has(beat.nodeId);
      if (!this.isAsAgreed(heard.seen)) this.consider(heard.seen, now);
    }
    // Our own beat, which we know from ourselves, is the canary when it comes through the bus.
    if (hasNews || (input.lane === 'bus' && this.watch.sawCanary(input.partition, now.ms))) this.unobserved(this.watch.proven(input.lane, input.partition, now.ms));
    return needsArming;
  }

  /** Nearly every beat ends here: a member that is well, and known to be. */
  private isAsAgreed(seen: Seen): boolean {
    if (seen.state !== 'running' || seen.mainLagMs >= MAIN_LAG_MS || !seen.isProfileAgreed) return false;
    if (this.withheld.has(seen.nodeId) || this.watch.questions.has(seen.nodeId)) return false;
    const record = this.options.membership.member(seen.nodeId)?.record;
    return record !== undefined && record.incarnation === seen.incarnation && record.status === seen.health.grade;
  }

  private tick(now: Now): void {
    for (const unobserved of this.watch.openEyes(now.ms)) this.unobserved(unobserved);
    // Late members are found by the alarm; what was found is looked at again at every tick.
    this.isGrowing = true;
    if (this.watch.questions.size > 0) this.look(now);
    this.isGrowing = false;
    this.effects.push(...this.watch.firstLooks(now.ms));
    if (this.role.isLeader) for (const brake of this.brakes.releasable(this.isSilent(now.ms), (member) => this.watch.isStillAway(member), now.ms)) this.release(brake.zone, now);
    if (now.ms - this.tookUpAtMs >= TAKE_UP_EVERY_MS) this.takeUp(now);
    if (now.ms - this.reapedAtMs >= REAP_EVERY_MS) this.reap(now);
  }

  private takeUp(now: Now): void {
    this.tookUpAtMs = now.ms;
    this.watch.takeUp(now);
  }

  private look(now: Now): void {
    for (const seen of this.watch.refresh(now.ms)) this.consider(seen, now);
    this.effects.push(...this.watch.looks(now.ms));
  }

  private probed(input: Extract<ObserverInput, { kind: 'probed' }>, now: Now): void {
    const { nodeId, by, result } = input;
    this.note({ kind: 'probed', nodeId, by, isOwn: by === this.options.nodeId, result });
    const seen = this.watch.sightings.get(nodeId);
    if (this.watch.probed(input, now.ms) && seen !== undefined) this.consider(seen, now);
    this.effects.push(...this.watch.moreLooks(now.ms));
  }

  private changed(change: Change, now: Now): void {
    switch (change.kind) {
      case 'removed':
        this.watch.forget(change.nodeId);
        this.withheld.delete(change.nodeId);
        this.refusals.forget(change.nodeId);
        this.desk.forget(change.nodeId);
        return;
      case 'transition': {
        const { nodeId, status } = change.member;
        const seen = this.watch.sightings.get(nodeId);
        if (seen !== undefined) seen.isProfileAgreed = false;
        if (seen?.incarnation === change.member.incarnation && status === 'DOWN') seen.crashedSeq = change.failure === 'crashed' ? seen.seq : 0;
        this.watch.sightings.agreed(change.member, change.from, now.ms);
        if (status === 'JOINING') this.watch.plan.introduce(nodeId);
        return;
      }
      case 'updated': {
        const seen = this.watch.sightings.get(change.member.nodeId);
        if (seen !== undefined) seen.isProfileAgreed = false;
        return;
      }
      case 'brake':
        this.refusals.clear();
        // Whom it protected has a full deadline from now: it may be about to come back with the others.
        if (change.step === 'released') for (const nodeId of change.brake.nodeIds) this.watch.suspectAnew(nodeId, now.ms);
        return;
    }
  }

  private settled(input: Extract<ObserverInput, { kind: 'settled' }>, now: Now): void {
    const pending = this.proposals.close(input.ticket);
    if (pending === undefined) return;
    this.brakes.changed();
    if (input.outcome !== null) for (const note of this.desk.committed(pending, input.outcome, now)) this.note(note);
    // What was refused will be looked at with the next beat or tick; what was done, or vetoed, may ask for something else at once.
    this.desk.dropped(input.ticket);
    if (input.result === 'unavailable') return;
    const refused = this.desk.refused(pending, input.outcome);
    for (const command of pending.commands) {
      if (!('seq' in command)) continue;
      const { nodeId } = command;
      const refusal = refused.get(nodeId);
      if (refusal !== undefined) {
        this.refusals.refused(refusal.attempt, this.options.membership.member(nodeId), refusal.why, now.ms);
        continue;
      }
      if (input.result === 'applied') this.refusals.forget(nodeId);
      const seen = this.watch.sightings.get(nodeId);
      if (seen !== undefined) this.consider(seen, now);
    }
  }

  /** Puts together what is seen and what is agreed of one node; one proposal per node at a time. */
  private consider(seen: Seen, now: Now): void {
    const { nodeId } = seen;
    if (this.proposals.isPending(nodeId) || this.chosen.has(nodeId)) return;
    const sight = this.watch.sight(seen, now.ms);
    const finding = this.watch.finding(seen, sight, now.ms);
    const isProvenGone = this.watch.provenGone(seen, finding.kind === 'crashed', now.ms);
    this.watch.thought(seen, COMPANY_MS, now.ms);
    if (isProvenGone && this.waitsForCompany(now.ms)) return;
    const { proposal, withheld } = this.weigh(seen, sight, finding, now);
    const held = proposal === null ? withheld : (this.brakeFor(seen, proposal, now) ?? this.othersDecide(proposal) ?? this.refusedLately(seen, proposal, now));
    this.withhold(nodeId, held);
    if (proposal === null || held !== null || !this.role.isLeader) return;
    this.commands.push(this.command(seen, proposal, now));
    this.chosen.add(nodeId);
  }

  /** What should be proposed, or why what the evidence asks for should not; neither when it asks for nothing. */
  private weigh(seen: Seen, sight: Sight, finding: Finding, now: Now): { readonly proposal: Proposal | null; readonly withheld: Withheld | null } {
    const { membership } = this.options;
    const member = membership.member(seen.nodeId);
    if (finding.kind !== 'well') [seen.steadySinceMs, seen.troubledAtMs] = [now.ms, now.ms];
    const isSame = member?.record.incarnation === seen.incarnation;
    const damping = isSame ? membership.damping(seen.nodeId, now.unixMs) : null;
    const isDamped = damping?.isDamped === true && (damping.untilUnixMs !== null || sight.steadyMs < damping.steadyMs);
    // The last beat of a process that is proven gone may have been under way: one is no proof that it lives.
    const isOwing = member?.record.status === 'SUSPECT' && this.watch.sightings.isOwing(seen, now.ms);
    const isUnsteady = isSame && (seen.isUnsteady || isOwing) && !this.watch.sightings.isDebtOver(seen, now.ms) && !this.watch.isLossShared(seen);
    const isLastGasp = member?.record.status === 'DOWN' && seen.crashedSeq > 0 && seen.seq <= seen.crashedSeq + 1;
    const proposal = decide({ member, sight, finding, isBelieved: !isDamped && !isLastGasp && !isUnsteady });
    if (proposal !== null) return { proposal, withheld: null };
    if (finding.kind === 'well') {
      seen.isProfileAgreed = isSame;
      const isKept = (isDamped || isUnsteady) && decide({ member, sight, finding, isBelieved: true }) !== null;
      if (!isKept) return { proposal, withheld: null };
      const detail = isDamped ? `it failed too often of late (penalty ${damping.penalty.toFixed(2)})` : unsteadiness(seen);
      // What one outage costs is over soon.
      const isRoutine = !isDamped && !seen.isUnsteady;
      return { proposal, withheld: { cause: 'damped', detail, ...(isRoutine ? { isRoutine } : {}) } };
    }
    const isOpen = member !== undefined && isSame && !isGone(member.record.status);
    return { proposal, withheld: isOpen && finding.kind !== 'crashed' ? finding.withheld : null };
  }

  /** Silence of many is no verdict about one: asks for a brake, and says whether there is, or will be, one for this member. */
  private brakeFor({ nodeId, profile }: Seen, proposal: Proposal, now: Now): Withheld | null {
    const isVerdict = proposal.kind === 'down' && proposal.failure === 'unreachable';
    if (!isVerdict && !(proposal.kind === 'suspect' && proposal.cause === 'silence')) return null;
    const { membership } = this.options;
    const isSilent = this.isSilent(now.ms);
    const zone = membership.member(nodeId)?.record.zone ?? profile.zone;
    const wanted = this.brakes.wanted(nodeId, zone, isVerdict ? 'down' : 'suspect', isSilent, now.ms);
    if (wanted !== null && this.role.isLeader) this.brake(wanted, now);
    if (!isVerdict) return null;
    if (wanted !== null) return { cause: 'brake', detail: wanted.reason };
    const braked = membership.braked(nodeId, now.unixMs);
    if (braked !== null) return { cause: 'brake', detail: `the brake of ${braked.zone ?? 'the cluster'} holds` };
    if (!this.brakes.isCovered(nodeId)) return null;
    if (!this.brakes.seesOthers(isSilent, this.options.rules.brakeHoldMs * RESPITE_SHARE, now.ms)) return { cause: 'brake', detail: 'nobody else is seen either, or only just now' };
    return this.isRemoving(zone) ? { cause: 'brake', detail: `members of ${zone} are removed one after the other` } : null;
  }

  private othersDecide({ kind }: Proposal): Withheld | null {
    return !this.role.isLeader && (kind === 'suspect' || kind === 'down') ? FOLLOWS : null;
  }

  /** What was refused, and would be again, waits. */
  private refusedLately({ nodeId, incarnation, seq }: Seen, { kind }: Proposal, now: Now): Withheld | null {
    return this.refusals.held({ nodeId, kind, incarnation, seq }, this.options.membership.member(nodeId), now.ms);
  }

  private isRemoving(zone: string): boolean {
    for (const command of [...this.proposals.waiting(), ...this.commands]) {
      if (command.kind === 'down' && command.failure === 'unreachable' && this.options.membership.member(command.nodeId)?.record.zone === zone) return true;
    }
    return false;
  }

  private brake({ zone, nodeIds, reason }: { readonly zone: string | null; readonly nodeIds: readonly string[]; readonly reason: string }, now: Now): void {
    if (this.proposals.isBrakePending(zone) || this.commands.some((command) => command.kind === 'brake' && command.zone === zone)) return;
    // One that holds already grows once a tick, by all that fell silent meanwhile.
    if (this.options.membership.brakes().some((brake) => brake.zone === zone) && !this.isGrowing) return;
    // First of all: what comes after it in the same entry is judged under it.
    this.commands.unshift({ kind: 'brake', term: this.role.term, atUnixMs: now.unixMs, zone, nodeIds, holdMs: this.options.rules.brakeHoldMs, reason });
  }

  private release(zone: string | null, now: Now): void {
    if (this.proposals.isBrakePending(zone)) return;
    this.commands.push({ kind: 'release', term: this.role.term, atUnixMs: now.unixMs, zone, reason: 'most of those that it protected are back' });
  }

  /** Processes of one host die together, one after the other; their verdicts shall be one change. */
  private waitsForCompany(nowMs: number): boolean {
    let firstMs = nowMs;
    let lastClosedMs = -Infinity;
    let isAnyOpen = false;
    for (const [nodeId, { provenGoneAtMs, laneClosedAtMs }] of this.watch.questions.all()) {
      if (laneClosedAtMs !== null) lastClosedMs = Math.max(lastClosedMs, laneClosedAtMs);
      if (provenGoneAtMs !== null) firstMs = this.proposals.isPending(nodeId) ? firstMs : Math.min(firstMs, provenGoneAtMs);
      else if (laneClosedAtMs !== null && nowMs - laneClosedAtMs < SAME_EVENT_MS && this.watch.plan.isUnderway(nodeId, this.options.nodeId)) isAnyOpen = true;
    }
    const isQuiet = !isAnyOpen && nowMs >= Math.max(firstMs, lastClosedMs) + COMPANY_MS_MIN;
    return !isQuiet && nowMs < firstMs + COMPANY_MS_MAX;
  }

  /** The same command with what is known now; null when it would not be proposed any more. */
  private renewed(command: SingleCommand, now: Now): SingleCommand | null {
    if (command.kind === 'brake') return this.brakes.stillHolds(command, this.isSilent(now.ms), now.ms) ? command : null;
    if (command.kind !== 'suspect' && command.kind !== 'down') return command;
    const seen = this.watch.sightings.get(command.nodeId);
    if (seen?.incarnation !== command.incarnation) return null;
    const sight = this.watch.sight(seen, now.ms);
    const { proposal } = this.weigh(seen, sight, this.watch.finding(seen, sight, now.ms), now);
    if (proposal?.kind !== command.kind || (proposal.kind === 'down' && command.kind === 'down' && proposal.failure !== command.failure)) return null;
    return this.command(seen, proposal, now);
  }

  private command({ nodeId, incarnation, seq }: Seen, proposal: Proposal, now: Now): SingleCommand {
    return { ...proposal, nodeId, incarnation, seq, term: this.role.term, atUnixMs: now.unixMs };
  }

  private reap(now: Now): void {
    this.reapedAtMs = now.ms;
    const { membership } = this.options;
    for (const nodeId of this.watch.sightings.forgetStrangers((it) => membership.member(it) !== undefined || this.proposals.isPending(it), now.ms)) {
      this.watch.forget(nodeId);
      this.refusals.forget(nodeId);
      this.withheld.delete(nodeId);
    }
    if (!this.role.isLeader) return;
    for (const { record, seq } of membership.reapable(now.unixMs)) {
      const { nodeId, incarnation, status } = record;
      if (!this.proposals.isPending(nodeId)) this.commands.push({ kind: 'reap', term: this.role.term, atUnixMs: now.unixMs, nodeId, incarnation, seq, reason: `${status} for long` });
    }
  }

  private flush(now: Now): void {
    if (this.commands.length === 0) return;
    const { commands } = this;
    this.commands = [];
    this.chosen.clear();
    for (let from = 0; from < commands.length; from += COMMANDS_MAX) {
      const pending = this.proposals.open(commands.slice(from, from + COMMANDS_MAX), now.ms);
      this.desk.proposed(pending, now);
      this.effects.push({ kind: 'propose', ticket: pending.ticket, commands: pending.commands });
    }
  }

  private arm(nowMs: number): void {
    const atMs = this.watch.nextMs(nowMs);
    if (atMs === this.armedAtMs) return;
    this.armedAtMs = atMs;
    this.effects.push({ kind: 'arm', atMs });
  }

  private isSilent(nowMs: number) {
    return (nodeId: string, stages: 'late' | 'overdue'): boolean => this.watch.isSilent(nodeId, stages, nowMs);
  }

  private withhold(nodeId: string, withheld: Withheld | null): void {
    const before = this.withheld.get(nodeId);
    if (withheld === null) {
      if (before !== undefined) this.withheld.delete(nodeId);
      return;
    }
    if (withheld === AWAITED && before !== undefined) return;
    this.withheld.set(nodeId, withheld);
    const isNew = before?.cause !== withheld.cause || before.isRoutine !== withheld.isRoutine;
    if (isNew && withheld.isRoutine !== true) this.note({ kind: 'withheld', nodeId, cause: withheld.cause, detail: withheld.detail });
  }

  private unobserved(unobserved: Unobserved | null): void {
    if (unobserved !== null) this.note({ kind: 'unobserved', ...unobserved });
  }

  private note(note: Note): void {
    this.effects.push({ kind: 'report', note });
  }
}

function unsteadiness({ isUnsteady, owed }: Seen): string {
  if (isUnsteady) return 'beats of it are lost again and again';
  return owed > 0 ? `${owed} beats in a row are awaited after its last outage` : 'what came of it was under way for long, or only a part of the probes was answered';
}
