/**
 * What one observer knows and doubts: sightings, doubt of itself, open questions and the probes that shall answer them, put together to
 * a finding about one node. Proposes nothing.
 */
import type { ProbeResult } from '@muster/contracts';
import { isGone, type Member, type Profile } from '@muster/membership';
import type { Effect } from './effect.js';
import type { Lane, Now, ObserverInput } from './input.js';
import { judge } from './judge.js';
import { Lanes } from './lanes.js';
import { answeredOf } from './looks.js';
import type { NewestBeat } from './newest-beats.js';
import { ProbePlan } from './probe-plan.js';
import { Questions } from './questions.js';
import type { ObserverOptions } from './rules.js';
import type { Seen } from './seen.js';
import { SelfDoubt } from './self-doubt.js';
import { type Finding, type Sight, WELL } from './sight.js';
import { MAIN_LAG_MS, Sightings } from './sightings.js';
import type { Trouble } from './trouble.js';

/** Time between two steps beyond which we did not run: three ticks. Milliseconds. */
const PAUSE_MS = 750;
/** Own beats that may be missing before a partition is blind: one may be lost, the next late. Intervals. */
const BLIND_INTERVALS = 2.5;
/** Own beats that may be missing before a partition is behind: then nobody there is asked why he is late, because we are. Intervals. */
const BEHIND_INTERVALS = 1.25;
/** Absences from this on give everybody a full deadline; shorter ones are left out of the count. What came meanwhile was read at once. */
const GRACE_INTERVALS = 5;
const GRACE_MS_MIN = 3000;
/** Lateness of who looked beyond which a missing answer is no opinion. Milliseconds. */
const LOOKER_LATE_MS_MAX = 250;
/** When nothing at all reached us from so long before a probe of ours until its end, its silence is ours. Milliseconds. */
const DEAF_MS = 250;
/** How long a suspicion must last, in intervals of the node and at least. */
const CONFIRM_INTERVALS = 0.75;
const CONFIRM_MS_MIN = 750;
/** How long a closed lane is asked about although beats came since: they may have been under way. Milliseconds. */
const LANE_QUESTION_MS = 3000;

type Probed = Extract<ObserverInput, { kind: 'probed' }>;

/** Time that was not observed. Partition null: all of it. */
export interface Unobserved {
  readonly partition: number | null;
  readonly unobservedMs: number;
}

export class Watch {
  readonly sightings: Sightings;
  readonly doubt: SelfDoubt;
  readonly plan: ProbePlan;
  readonly questions = new Questions();
  private readonly lanes = new Lanes();
  private resumedAtMs = -Infinity;
  /** When anything at all reached us: beats, or answers of any kind. */
  private heardAnythingAtMs = -Infinity;
  private isBusUp = true;
  /** Beats come by direct lanes from most who have one, while the bus is away. */
  private isDirectAnEye = false;
  private directAtMs = -Infinity;
  private readonly able = (nodeId: string): Profile | null => (this.isTrusted(nodeId) ? (this.sightings.get(nodeId)?.profile ?? null) : null);

  constructor(
    private readonly options: ObserverOptions,
    now: Now,
  ) {
    const { nodeId, intervalMs, rules } = options;
    this.sightings = new Sightings(options);
    this.doubt = new SelfDoubt({ pauseMs: PAUSE_MS, blindAfterMs: BLIND_INTERVALS * intervalMs }, now.ms);
    this.plan = new ProbePlan(nodeId, rules.probeTimeLimitMs);
    this.takeUp(now);
  }

  /** Watches whom the log alone knows, from now on: agreed on before our start, or by what others heard. */
  takeUp(now: Now): void {
    for (const member of this.options.membership.all()) {
      const { nodeId, incarnation, status } = member.record;
      const known = this.sightings.get(nodeId);
      if (known?.incarnation === incarnation && known.seq < member.seq && this.sightings.detectors.isLate(nodeId, now.ms)) {
        // Others heard it later than we did: a verdict from before that would be refused for ever. While its beats come they say it themselves.
        known.seq = member.seq;
        this.suspectAnew(nodeId, now.ms);
      }
      if ((known?.incarnation ?? -1) >= incarnation) continue;
      this.sightings.resume(member, now);
      if (!isGone(status)) this.plan.introduce(nodeId);
    }
  }

  /** Notes that we run. Says what we did not observe until now, and excuses it. */
  ran(nowMs: number): Unobserved | null {
    const awayMs = this.doubt.ran(nowMs);
    if (awayMs === 0) return null;
    this.resumedAtMs = nowMs;
    this.excuse(nowMs, awayMs);
    // Whatever was under way tells nothing: look anew, at once.
    for (const trouble of this.questions.all().values()) if (trouble.dueAtMs !== Infinity) trouble.dueAtMs = nowMs;
    this.questions.noLaterThan(nowMs);
    return { partition: null, unobservedMs: awayMs };
  }

  /** Takes one beat; null when it is no news. */
  heard(newest: NewestBeat, partition: number | null, now: Now): { readonly seen: Seen; readonly isNew: boolean } | null {
    const { nodeId } = this.options;
    const { beat } = newest;
    if (beat.nodeId === nodeId && partition !== null && beat.incarnation === this.sightings.get(nodeId)?.incarnation) {
      this.doubt.canary(partition, beat.sentMonoMs, now.ms);
      this.heardAnythingAtMs = now.ms;
    }
    const heard = this.sightings.heard(newest, partition, now);
    if (heard === null) return null;
    if (nodeId !== beat.nodeId) this.heardAnythingAtMs = now.ms;
    if (heard.isNew && beat.nodeId === nodeId) this.doubt.reborn();
    if (this.questions.size > 0) this.signOfLife(beat.nodeId, now.ms);
    return heard;
  }

  /** Beats of a batch were news: they prove the way by which they came. */
  proven(lane: Lane, partition: number | null, nowMs: number): Unobserved | null {
    if (lane === 'direct' || lane === 'http') this.directAtMs = nowMs;
    if (lane !== 'bus' || partition === null) return null;
    const unobservedMs = this.doubt.proven(partition, nowMs);
    if (unobservedMs === 0) return null;
    this.excuse(nowMs, unobservedMs, partition);
    return { partition, unobservedMs };
  }

  /** Whether our own beat came through the bus at this very moment. */
  sawCanary(partition: number | null, nowMs: number): boolean {
    return partition !== null && this.doubt.canaryAgeMs(partition, nowMs) === 0;
  }

  /** When to look again at the latest; null when time alone changes nothing. */
  nextMs(nowMs: number): number | null {
    const nextMs = this.questions.nextMs(this.sightings.detectors.nextDeadlineMs(nowMs) ?? Infinity, nowMs);
    return nextMs === Infinity ? null : nextMs;
  }

  /** A node was thought about: notes when time alone may change what came of it. `companyMs`: how long a crash may wait for others. */
  thought(seen: Seen, companyMs: readonly number[], nowMs: number): void {
    const trouble = this.questions.get(seen.nodeId);
    if (trouble === undefined) return;
    let nextMs = this.sightings.detectors.deadlineMs(seen.nodeId, nowMs) ?? Infinity;
    const consider = (atMs: number): void => {
      if (atMs > nowMs && atMs < nextMs) nextMs = atMs;
    };
    if (trouble.provenGoneAtMs !== null) for (const ms of companyMs) consider(Math.max(trouble.provenGoneAtMs, trouble.laneClosedAtMs ?? 0) + ms);
    if (seen.suspectedAtMs !== Infinity) {
      consider(seen.suspectedAtMs + this.confirmMs(seen.nodeId));
      consider(this.plan.awaitedUntilMs(seen.nodeId, trouble));
    }
    this.questions.thought(trouble, nextMs, nowMs);
  }

  /** A suspect has a full deadline, and the confirming time, from now on. */
  suspectAnew(nodeId: string, nowMs: number): void {
    const seen = this.sightings.get(nodeId);
    if (seen !== undefined && seen.suspectedAtMs !== Infinity) seen.suspectedAtMs = nowMs + (this.sightings.detectors.rhythm(nodeId)?.suspectAfterMs ?? 0);
  }

  /** Notes whether a node is proven gone now. Says so again. */
  provenGone(seen: Seen, isGone: boolean, nowMs: number): boolean {
    const trouble = this.questions.get(seen.nodeId);
    if (trouble === undefined) return false;
    trouble.provenGoneAtMs = isGone ? (trouble.provenGoneAtMs ?? nowMs) : null;
    return isGone;
  }

  busIs(isUp: boolean): void {
    this.isBusUp = isUp;
  }

  /** Follows a direct lane. When one was closed that we should ask about, does so at once. */
  lane(nodeId: string, incarnation: number, is: 'open' | 'closed', nowMs: number): Effect[] {
    if (is === 'open') {
      this.lanes.opened(nodeId, incarnation);
      this.plan.witnesses.opened(nodeId);
      return [];
    }
    // It may have another one already.
    if (!this.lanes.closed(nodeId, incarnation)) return [];
    this.plan.witnesses.closed(nodeId);
    const seen = this.sightings.get(nodeId);
    if (seen?.incarnation !== incarnation || seen.state === 'left' || !this.isWatched(nodeId)) return [];
    const trouble = this.questions.ask(nodeId, incarnation, nowMs);
    trouble.laneClosedAtMs = nowMs;
    if (trouble.dueAtMs !== Infinity) trouble.dueAtMs = nowMs;
    this.questions.noLaterThan(nowMs);
    return this.plan.lookAt({ seen, trouble }, this.able, nowMs);
  }

  /** Takes what came of a probe. False when it says nothing about the process that is there now. */
  probed(input: Probed, nowMs: number): boolean {
    const { nodeId, by, result, mainLagMs } = input;
    this.plan.done(nodeId, by);
    const trouble = this.questions.get(nodeId);
    const seen = this.sightings.get(nodeId);
    const isOwn = by === this.options.nodeId;
    if (isOwn && result !== null && result !== 'silent') this.heardAnythingAtMs = nowMs;
    // A process that is stopped, or deaf, sees silence everywhere; what it sees besides that is true.
    const isDeaf = isOwn && this.heardAnythingAtMs < input.askedAtMs - DEAF_MS;
    const wasAway = input.lateMs > LOOKER_LATE_MS_MAX || isDeaf || (isOwn && input.askedAtMs < this.resumedAtMs);
    const opinion = wasAway && (result === 'silent' || result === 'accepted') ? null : result;
    if (trouble !== undefined && isOwn) this.pace(trouble, opinion, nowMs);
    // After an absence of ours the answer may lie unread.
    if (!isOwn && result === null && input.askedAtMs >= this.resumedAtMs) trouble?.unanswered(by, nowMs);
    if (seen?.incarnation !== input.incarnation || opinion === null) return false;
    if (opinion === 'answered' || (opinion === 'silent' && (isOwn || this.isTrusted(by)))) this.sightings.looked(seen, { isAnswered: opinion === 'answered', isAnotherTime: trouble?.looked() === true }, nowMs);
    if (opinion === 'answered') {
      this.sightings.answered(nodeId, input.askedAtMs, mainLagMs);
      trouble?.signOfLife();
    }
    trouble?.note({ by, result: opinion, atMs: nowMs, mainLagMs });
    return true;
  }

  /** Opens and closes questions by what is late now. Says whom to think about. */
  refresh(nowMs: number): Seen[] {
    for (const nodeId of this.plan.expire(nowMs)) {
      const trouble = this.questions.get(nodeId);
      if (trouble !== undefined) this.pace(trouble, null, nowMs);
    }
    const { detectors } = this.sightings;
    const late = detectors.late(nowMs);
    for (const [nodeId, trouble] of this.questions.all()) {
      const isAsked = detectors.isLate(nodeId, nowMs) || (trouble.laneClosedAtMs !== null && nowMs - trouble.laneClosedAtMs < LANE_QUESTION_MS);
      if (!isAsked || !this.isWatched(nodeId) || this.sightings.get(nodeId)?.incarnation !== trouble.incarnation) this.questions.close(nodeId);
    }
    for (const nodeId of late) {
      const seen = this.sightings.get(nodeId);
      if (this.questions.has(nodeId) || seen === undefined || !this.isWatched(nodeId)) continue;
      // Where we are behind with reading, being late is ours; being overdue is worth saying all the same.
      if (!this.isBehind(seen, nowMs) || detectors.stage(nodeId, nowMs) !== 'late') this.questions.ask(nodeId, seen.incarnation, nowMs);
    }
    return this.questions.due(nowMs).flatMap((nodeId) => this.sightings.get(nodeId) ?? []);
  }

  /** Probes that are due. */
  looks(nowMs: number): Effect[] {
    const looked = [];
    for (const [nodeId, trouble] of this.questions.all()) {
      if (trouble.dueAtMs > nowMs) continue;
      const seen = this.sightings.get(nodeId);
      // What is silent because we do not hear is not asked why; that a lane was closed, we did hear.
      if (seen !== undefined && (trouble.laneClosedAtMs !== null || !this.isBehind(seen, nowMs))) looked.push({ seen, trouble });
    }
    return this.plan.look(looked, this.able, nowMs);
  }

  /** Probes that had to wait, as far as there is room for them again. */
  moreLooks(nowMs: number): Effect[] {
    return this.plan.goOn(this.able, nowMs);
  }

  firstLooks(nowMs: number): Effect[] {
    return this.plan.firstLooks((nodeId) => {
      const seen = this.sightings.get(nodeId);
      return seen !== undefined && this.isWatched(nodeId) ? seen : undefined;
    }, nowMs);
  }

  /** While the bus is away: whether direct lanes show us the cluster. When they begin to, what was not seen until then is excused. */
  openEyes(nowMs: number): Unobserved[] {
    const wasOpen = this.isDirectAnEye;
    this.isDirectAnEye = !this.isBusUp && this.areLanesAlive(nowMs);
    if (wasOpen || !this.isDirectAnEye) return [];
    return this.doubt.forgive(nowMs).map(({ partition, unobservedMs }) => {
      this.excuse(nowMs, unobservedMs, partition);
      return { partition, unobservedMs };
    });
  }

  /** One node as it is seen now; graded for missing beats only where we would hear them. */
  sight(seen: Seen, nowMs: number): Sight {
    if (seen.answeringSinceMs !== Infinity && this.isHeardThere(seen, seen.answeringSinceMs, nowMs)) this.sightings.gradeRhythm(seen, nowMs);
    return this.sightings.sight(seen, nowMs);
  }

  finding(seen: Seen, sight: Sight, nowMs: number): Finding {
    const { nodeId: ownId, rules } = this.options;
    if (seen.nodeId === ownId) return WELL;
    const trouble = this.questions.get(seen.nodeId);
    const mainLagMs = this.mainLagMs(seen, nowMs);
    if (trouble === undefined && mainLagMs === 0 && sight.stage === 'alive') return WELL;
    const rhythm = this.sightings.detectors.rhythm(seen.nodeId);
    const evidence = {
      ownId,
      sight,
      trouble: trouble?.incarnation === seen.incarnation ? trouble : undefined,
      isHeardThere: this.isHeardThere(seen, nowMs - sight.silenceMs + (rhythm?.lateAfterMs ?? 0), nowMs),
      doubt: this.doubtAbout(seen, nowMs),
      mainLagMs,
      isHeardOf: seen.vitals !== null,
      isProbeable: seen.isProbeable,
      // One that beats meanwhile, and is not believed yet, is suspected anew with each silence.
      suspectedAtMs: Math.max(seen.suspectedAtMs, nowMs - sight.silenceMs + (rhythm?.suspectAfterMs ?? 0)),
      confirmMs: this.confirmMs(seen.nodeId),
      awaitedUntilMs: trouble === undefined ? -Infinity : this.plan.awaitedUntilMs(seen.nodeId, trouble),
      countUnanswered: () => (trouble === undefined ? 0 : this.countUnanswered(trouble, seen.nodeId, nowMs)),
      isTrusted: (by: string) => this.isTrusted(by),
    };
    const finding = judge(evidence, rules, nowMs);
    return finding.kind === 'well' && trouble !== undefined && sight.isBeatLate ? (this.worn(seen, nowMs) ?? finding) : finding;
  }

  /** Whether so many lose beats, of all or of its zone, that it is no fault of this one. */
  isLossShared({ profile }: Seen): boolean {
    return this.sightings.areManyLossy(this.options.rules.brakeFraction, profile.zone);
  }

  /** How long its main loop has not moved by its own word. Milliseconds; 0 while it moves. */
  mainLagMs(seen: Seen, nowMs: number): number {
    return seen.mainLagMs < MAIN_LAG_MS ? 0 : seen.mainLagMs + Math.max(0, nowMs - seen.mainLagAtMs);
  }

  /** Neither beats nor answers, and not proven to exist or to be gone: what may be a fault of the network, or of ours. */
  isSilent(nodeId: string, stages: 'late' | 'overdue', nowMs: number): boolean {
    const trouble = this.questions.get(nodeId);
    if (trouble === undefined || trouble.provenGoneAtMs !== null) return false;
    const stage = this.sightings.detectors.stage(nodeId, nowMs);
    if (stage === null || stage === 'alive' || (stage === 'late' && stages === 'overdue')) return false;
    for (const opinion of trouble.opinions().values()) if (opinion.result === 'accepted') return false;
    return true;
  }

  /** A suspect of which nothing new came: that nobody asks, because we were away ourselves, does not bring it back. */
  isStillAway({ record, seq }: Member): boolean {
    const { nodeId, incarnation, status } = record;
    const seen = this.sightings.get(nodeId);
    if (status !== 'SUSPECT' || seen?.incarnation !== incarnation || seen.seq > seq || seen.answeringSinceMs !== Infinity) return false;
    const trouble = this.questions.get(nodeId);
    if (trouble === undefined) return true;
    return trouble.provenGoneAtMs === null && ![...trouble.opinions().values()].some(({ result }) => result === 'accepted');
  }

  /** What we doubt about the way by which that node beats; empty when nothing. */
  doubtAbout(seen: Seen, nowMs: number): string {
    return this.isDirectAnEye ? '' : this.doubt.reason(nowMs, seen.partition < 0 ? undefined : seen.partition) || (this.doubt.awayMs(nowMs) > 0 ? 'this coordinator did not run' : '');
  }

  laneOf(nodeId: string): 'open' | 'closed' | 'none' {
    if (this.lanes.has(nodeId)) return 'open';
    return (this.questions.get(nodeId)?.laneClosedAtMs ?? null) === null ? 'none' : 'closed';
  }

  forget(nodeId: string): void {
    this.sightings.forget(nodeId);
    this.questions.close(nodeId);
    this.plan.forget(nodeId);
  }

  /** Most of those that have a lane beat by it. */
  private areLanesAlive(nowMs: number): boolean {
    let heardCount = 0;
    for (const nodeId of this.lanes.nodeIds()) {
      if (nowMs - (this.sightings.get(nodeId)?.directAtMs ?? -Infinity) <= BLIND_INTERVALS * this.options.intervalMs) heardCount += 1;
    }
    return heardCount >= 2 && heardCount * 2 >= this.lanes.size;
  }

  /** Of those who are well themselves: who is missing as well says nothing about our ways. */
  private countUnanswered(trouble: Trouble, nodeId: string, nowMs: number): number {
    let count = 0;
    for (const by of trouble.unansweringIds) if (trouble.isUnanswered(by, nowMs) && this.isTrusted(by)) count += 1;
    if (nowMs < this.plan.awaitedUntilMs(nodeId, trouble)) return count;
    for (const by of trouble.asked) if (by !== this.options.nodeId && this.plan.isUnderway(nodeId, by) && !trouble.isUnanswered(by, nowMs) && this.isTrusted(by)) count += 1;
    return count;
  }

  private worn(seen: Seen, nowMs: number): Finding | null {
    if (!this.sightings.isWorn(seen, nowMs) || this.doubtAbout(seen, nowMs) !== '' || this.isLossShared(seen)) return null;
    const reason = `its beats are lost again and again, and ${answeredOf(seen.looks)} probes were answered`;
    return { kind: 'worn', observers: [], reason, withheld: { cause: 'unconfirmed', detail: 'it is there', isRoutine: true } };
  }

  private confirmMs(nodeId: string): number {
    return Math.max(CONFIRM_INTERVALS * (this.sightings.detectors.rhythm(nodeId)?.intervalMs ?? 0), CONFIRM_MS_MIN);
  }

  /** Whether something sent after `dueAtMs` reached us by the way that the node uses. */
  private isHeardThere(seen: Seen, dueAtMs: number, nowMs: number): boolean {
    if (this.doubt.awayMs(nowMs) > 0) return false;
    const provenAtMs = seen.partition < 0 ? this.doubt.leastProofMs(nowMs) : this.doubt.provenAtMs(seen.partition, nowMs);
    if (provenAtMs >= dueAtMs) return true;
    // It beat by a lane in this life, or has one, so it would now.
    const hasLane = this.lanes.has(seen.nodeId) || seen.directAtMs !== -Infinity;
    return this.isDirectAnEye && hasLane && this.directAtMs >= dueAtMs;
  }

  private isTrusted(by: string): boolean {
    if (this.questions.has(by)) return false;
    const status = this.options.membership.member(by)?.record.status;
    return status === 'HEALTHY' || status === 'DEGRADED' || status === 'JOINING';
  }

  private isWatched(nodeId: string): boolean {
    const member = this.options.membership.member(nodeId);
    return member !== undefined && !isGone(member.record.status) && nodeId !== this.options.nodeId;
  }

  /** Nothing came for so long by the way that the node uses that its being late says nothing. */
  private isBehind(seen: Seen, nowMs: number): boolean {
    return !this.isDirectAnEye && seen.partition >= 0 && nowMs - this.doubt.provenAtMs(seen.partition, nowMs) > BEHIND_INTERVALS * this.options.intervalMs;
  }

  private pace(trouble: Trouble, result: ProbeResult | null, nowMs: number): void {
    this.plan.pace(trouble, result, nowMs);
    this.questions.noLaterThan(trouble.dueAtMs);
  }

  private signOfLife(nodeId: string, nowMs: number): void {
    const trouble = this.questions.get(nodeId);
    if (trouble === undefined) return;
    const { laneClosedAtMs } = trouble;
    if (laneClosedAtMs === null || trouble.incarnation !== this.sightings.get(nodeId)?.incarnation) {
      this.questions.close(nodeId);
      return;
    }
    // That beat may have been sent before the lane was closed: look again.
    trouble.signOfLife();
    trouble.laneClosedAtMs = laneClosedAtMs;
    if (trouble.dueAtMs !== Infinity) trouble.dueAtMs = nowMs;
    this.questions.noLaterThan(nowMs);
  }

  private excuse(nowMs: number, unobservedMs: number, partition?: number): void {
    this.sightings.excuse(nowMs, unobservedMs, Math.max(GRACE_INTERVALS * this.options.intervalMs, GRACE_MS_MIN), partition);
  }
}
