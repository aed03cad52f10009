/**
 * What one observer sees of every node by beats and answers: rhythm, health, and what the node says of itself.
 *
 * Composes detectors and health scores; reads no clock, judges nothing. What was agreed lives in `membership`.
 */
import type { Beat, MemberRecord, MemberStatus, Pulse } from '@muster/contracts';
import { type DetectorConfig, DetectorSet, type Reading } from '@muster/failure-detector';
import { HealthTracker, type Rhythm, type ScoreConfig } from '@muster/health-score';
import { isGone, type Member } from '@muster/membership';
import { ALL_CAME, arrivedLate, arrivedNow, cameTogether, inRow, isUnsteadyNow, lostOf, missingOf, outagesOf, owedAfter } from './arrivals.js';
import type { Now } from './input.js';
import { afterLook, areAllInVain, areInVain, areMixed, type Look, NOT_LOOKED_AT } from './looks.js';
import type { NewestBeat } from './newest-beats.js';
import { isSameProfile, profileOf, type Seen, stateOf } from './seen.js';
import type { Sight } from './sight.js';

export interface SightingsOptions {
  readonly detector: DetectorConfig;
  readonly score: ScoreConfig;
  /** Assumed of members that were not heard since our own start. Milliseconds. */
  readonly intervalMs: number;
  /** See `ObserverOptions`. */
  readonly partitionOf?: ((nodeId: string) => number | null) | undefined;
}

/** A pulse with the time of the last beat as a number. Wall time, milliseconds since 1970. */
export type ObservedPulse = Omit<Pulse, 'lastHeartbeatTime'> & { readonly lastBeatUnixMs: number };

/** Standing still for less is what any collector of garbage does. Milliseconds. */
export const MAIN_LAG_MS = 700;
/** Answers without beats for this long are a fault of the node. Milliseconds. */
const ANSWERING_MS = 2000;
/** Missing beats of the last few from which a node counts as one that loses some; and fewer such nodes are never many. Count. */
const LOSSY_FROM = 2;
const LOSSY_MANY = 2;
/** Share of a zone from which on it is the zone. */
const ZONE_SHARE = 0.5;
/** Outages among the last few beats that make looks in vain worth something. Count. */
const WORN_FROM = 2;
/** What lost beats cost lapses when nothing worse came for so long. Milliseconds. */
const DEBT_MS_MAX = 60_000;
/** Beats in a row that one owes whose ways were so bad. Count. */
const OWED_WORN = 12;
const UNHEARD: Rhythm = { suspicion: 1, irregularity: 0 };

export class Sightings {
  private readonly seen = new Map<string, Seen>();
  readonly detectors: DetectorSet;
  private lossyCount = 0;

  constructor(private readonly options: SightingsOptions) {
    this.detectors = new DetectorSet(options.detector);
  }

  /** Takes up a member that was agreed on before our start: it has a full deadline to be heard. */
  resume(member: Member, now: Now): void {
    const { record } = member;
    const { nodeId, status } = record;
    // Wall time may have jumped while we were away: it can shorten the wait that is left, never beyond it.
    const waitedMs = Math.min(Math.max(0, now.unixMs - record.changedAtUnixMs), member.admission.periodMs);
    const seen = this.begin(record, stateOf(status), status === 'DEGRADED' ? 'DEGRADED' : 'HEALTHY', now);
    seen.seq = member.seq;
    seen.lastBeatUnixMs = record.changedAtUnixMs;
    seen.joiningSinceMs = now.ms - waitedMs;
    if (status === 'SUSPECT') seen.suspectedAtMs = now.ms;
    if (!isGone(status)) this.detectors.watch(nodeId, { intervalMs: this.options.intervalMs, nowMs: now.ms });
  }

  /** Takes the newest of the beats of one node that arrived together; null when nothing of it is news. */
  heard({ beat, count: arrivedCount, came = cameTogether(arrivedCount) }: NewestBeat, partition: number | null, now: Now): { readonly seen: Seen; readonly isNew: boolean } | null {
    const { nodeId } = beat;
    const before = this.seen.get(nodeId);
    if (before !== undefined && beat.incarnation < before.incarnation) return null;
    if (before?.incarnation === beat.incarnation && beat.seq <= before.seq) {
      before.came = arrivedLate(before.came, before.seq - beat.seq);
      return null;
    }
    const isNew = before === undefined || before.incarnation !== beat.incarnation;
    const seen = isNew ? this.begin(beat, beat.state, 'HEALTHY', now) : before;
    const wasWatched = !isNew && this.detectors.has(nodeId);
    if (!wasWatched) this.detectors.watch(nodeId, { intervalMs: beat.intervalMs, nowMs: now.ms });
    // One that came before by another lane may be counted again, but no more are new than were made.
    seen.joiningBeats += isNew ? arrivedCount : Math.min(arrivedCount, beat.seq - seen.seq);
    this.arrived(seen, beat, came, now.ms);
    seen.seq = beat.seq;
    seen.state = beat.state;
    if (!isSameProfile(seen.profile, beat)) {
      seen.profile = profileOf(beat);
      seen.isProfileAgreed = false;
    }
    seen.vitals = beat.vitals;
    seen.lastBeatUnixMs = now.unixMs;
    seen.answeringSinceMs = Infinity;
    seen.mainLagMs = beat.mainLagMs;
    seen.mainLagAtMs = now.ms;
    if (partition === null) seen.directAtMs = now.ms;
    else seen.partition = partition;
    this.detectors.heartbeat(nodeId, beat, arrivedCount, now.ms, partition ?? undefined);
    // The bus is behind for everybody, or we are.
    seen.isBelated = partition === null && this.detectors.underwayMs(nodeId) > beat.intervalMs;
    seen.health.read(beat, this.rhythm(nodeId, now.ms), now.ms);
    return { seen, isNew: !wasWatched };
  }

  /** A probe that was asked then found the very process: its silence ends, although its beats may still be missing. */
  answered(nodeId: string, askedAtMs: number, mainLagMs: number): void {
    const seen = this.seen.get(nodeId);
    if (seen === undefined) return;
    seen.isProbeable = true;
    if (askedAtMs >= seen.mainLagAtMs) {
      seen.mainLagMs = mainLagMs;
      seen.mainLagAtMs = askedAtMs;
    }
    const wasLate = this.detectors.isLate(nodeId, askedAtMs);
    const before = this.detectors.stage(nodeId, askedAtMs);
    this.detectors.answered(nodeId, askedAtMs);
    if (!wasLate) return;
    const wasSilent = before === 'overdue' || before === 'silent';
    seen.answeringSinceMs = wasSilent ? askedAtMs : Math.min(seen.answeringSinceMs, askedAtMs);
  }

  /** Follows what was agreed: joining starts anew, who left is watched no more. What concerns a process before the one that is seen now changes nothing. */
  agreed({ nodeId, incarnation, status: to }: MemberRecord, from: MemberStatus | null, nowMs: number): void {
    const seen = this.seen.get(nodeId);
    if (seen?.incarnation !== incarnation) return;
    seen.suspectedAtMs = to === 'SUSPECT' ? nowMs : Infinity;
    if (to === 'SUSPECT' && this.isWorn(seen, nowMs)) seen.owed = Math.max(seen.owed, OWED_WORN);
    if (to === 'SUSPECT' || to === 'DOWN') seen.steadySinceMs = nowMs;
    if (to === 'LEFT') this.detectors.forget(nodeId);
    if (to !== 'JOINING') return;
    // Back from suspicion, or from the dead: what it showed before does not count.
    if (from === 'SUSPECT' || from === 'DOWN') seen.joiningBeats = 1;
    seen.joiningSinceMs = nowMs;
  }

  /** See `DetectorSet.excuse`; what we did not see is no time of joining, of being steady or of being suspected either. */
  excuse(nowMs: number, unobservedMs: number, graceFromMs: number, partition?: number): void {
    this.detectors.excuse(nowMs, unobservedMs, graceFromMs, partition);
    for (const seen of this.seen.values()) {
      if (partition !== undefined && seen.partition !== partition && seen.partition !== -1) continue;
      seen.joiningSinceMs = Math.min(nowMs, seen.joiningSinceMs + unobservedMs);
      seen.steadySinceMs = Math.min(nowMs, seen.steadySinceMs + unobservedMs);
      seen.troubledAtMs = Math.min(nowMs, seen.troubledAtMs + unobservedMs);
      if (seen.suspectedAtMs !== Infinity) seen.suspectedAtMs = Math.min(nowMs, seen.suspectedAtMs + unobservedMs);
    }
  }

  /** Forgets who fell silent without ever becoming a member: they are never reaped, and would fill the room for those who come. Tells whom. */
  forgetStrangers(isKept: (nodeId: string) => boolean, nowMs: number): string[] {
    const gone: string[] = [];
    for (const nodeId of this.seen.keys()) {
      const stage = this.detectors.stage(nodeId, nowMs) ?? 'silent';
      if (!isKept(nodeId) && (stage === 'overdue' || stage === 'silent')) gone.push(nodeId);
    }
    for (const nodeId of gone) this.forget(nodeId);
    return gone;
  }

  forget(nodeId: string): void {
    this.drop(nodeId);
    this.detectors.forget(nodeId);
  }

  get(nodeId: string): Seen | undefined {
    return this.seen.get(nodeId);
  }

  all(): IterableIterator<Seen> {
    return this.seen.values();
  }

  sight(seen: Seen, nowMs: number): Sight {
    const { nodeId } = seen;
    const reading = this.detectors.reading(nodeId, nowMs);
    const isAnsweringOnly = reading === null || (reading.stage === 'alive' && reading.isBeatLate);
    return {
      nodeId,
      incarnation: seen.incarnation,
      seq: seen.seq,
      state: seen.state,
      profile: seen.profile,
      stage: reading?.stage ?? 'silent',
      silenceMs: reading?.silenceMs ?? 0,
      phi: reading?.phi ?? 0,
      isBeatLate: reading?.isBeatLate ?? true,
      joiningBeats: seen.joiningBeats,
      joiningMs: nowMs - seen.joiningSinceMs,
      steadyMs: nowMs - seen.steadySinceMs,
      grade: seen.health.grade,
      score: seen.health.score,
      isAnsweringOnly: isAnsweringOnly && reading !== null,
    };
  }

  /** Grades a node that is there without its beats for that. Silence has its own status; and one that just came back will beat in a moment. */
  gradeRhythm(seen: Seen, nowMs: number): void {
    const reading = this.detectors.reading(seen.nodeId, nowMs);
    if (reading?.stage === 'alive' && reading.isBeatOverdue && nowMs - seen.answeringSinceMs >= ANSWERING_MS) seen.health.readRhythm(this.rhythmOf(reading));
  }

  /** A node's reading for people; the score reflects the silence up to now. */
  pulse(nodeId: string, nowMs: number): ObservedPulse | null {
    const seen = this.seen.get(nodeId);
    if (seen === undefined) return null;
    const reading = this.detectors.reading(nodeId, nowMs);
    const { score, terms } = seen.health.shown(this.rhythm(nodeId, nowMs));
    return {
      nodeId,
      incarnation: seen.incarnation,
      healthScore: score,
      healthTerms: terms,
      phiScore: Math.round((reading?.phi ?? 0) * 1000) / 1000,
      lastBeatUnixMs: seen.lastBeatUnixMs,
      vitals: seen.vitals,
    };
  }

  /** So many lose beats at once, of all or of that zone, that it must be us, or the way to us. Passes over all when some do. */
  areManyLossy(fraction: number, zone: string): boolean {
    if (this.lossyCount < LOSSY_MANY) return false;
    if (this.lossyCount > fraction * this.seen.size) return true;
    let [all, lossy] = [0, 0];
    for (const { profile, isLossy } of this.seen.values()) {
      if (profile.zone !== zone) continue;
      all += 1;
      if (isLossy) lossy += 1;
    }
    return lossy >= LOSSY_MANY && lossy > ZONE_SHARE * all;
  }

  /** A look at it came to an answer, or to nothing. */
  looked(seen: Seen, look: Look, nowMs: number): void {
    seen.looks = afterLook(seen.looks, look, nowMs);
  }

  /** Its beats are lost again and again, and hardly a look gets through to it. */
  isWorn(seen: Seen, nowMs: number): boolean {
    // Where a firewall stands between, looks in vain say nothing.
    if (!seen.isProbeable || !areInVain(seen.looks, nowMs)) return false;
    // One that is late is missing as well, although no later one told of it yet.
    const outages = outagesOf(this.detectors.isLate(seen.nodeId, nowMs) ? arrivedNow(seen.came, 1, 0) : seen.came);
    return outages >= WORN_FROM || (outages > 0 && areAllInVain(seen.looks));
  }

  /** For so long nothing was found against it that single losses, however many, are no fault that keeps one out. */
  isDebtOver(seen: Seen, nowMs: number): boolean {
    return nowMs - seen.troubledAtMs >= DEBT_MS_MAX;
  }

  /** What it showed since its last outage is not enough to end a suspicion. */
  isOwing(seen: Seen, nowMs: number): boolean {
    if (seen.answeringSinceMs !== Infinity) return areMixed(seen.looks, nowMs - seen.answeringSinceMs, nowMs);
    return seen.owed > 0 || seen.isBelated || (seen.isProbeable && areInVain(seen.looks, nowMs));
  }

  get size(): number {
    return this.seen.size;
  }

  private drop(nodeId: string): void {
    if (this.seen.get(nodeId)?.isLossy === true) this.lossyCount -= 1;
    this.seen.delete(nodeId);
  }

  private begin(about: Beat | MemberRecord, state: Beat['state'], grade: 'HEALTHY' | 'DEGRADED', now: Now): Seen {
    const seen: Seen = {
      nodeId: about.nodeId,
      incarnation: about.incarnation,
      health: new HealthTracker(this.options.score, grade),
      seq: 0,
      state,
      profile: profileOf(about),
      isProfileAgreed: false,
      vitals: null,
      came: ALL_CAME,
      isLossy: false,
      isUnsteady: false,
      owed: 0,
      looks: NOT_LOOKED_AT,
      isBelated: false,
      lastBeatUnixMs: now.unixMs,
      joiningBeats: 0,
      joiningSinceMs: now.ms,
      steadySinceMs: now.ms,
      troubledAtMs: now.ms,
      suspectedAtMs: Infinity,
      mainLagMs: 0,
      mainLagAtMs: -Infinity,
      // One that was not heard in this life of ours may be dead, and must not wait for the proof of every partition.
      partition: this.options.partitionOf?.(about.nodeId) ?? -1,
      directAtMs: -Infinity,
      answeringSinceMs: Infinity,
      isProbeable: false,
      crashedSeq: 0,
    };
    this.drop(about.nodeId);
    this.seen.set(about.nodeId, seen);
    return seen;
  }

  /** Before the first beat of a life that we hear nothing can have been lost to us. */
  private arrived(seen: Seen, { seq, intervalMs }: Beat, together: number, nowMs: number): void {
    const made = seq - seen.seq;
    const isFirst = seen.vitals === null;
    if (!isFirst) {
      seen.came = arrivedNow(seen.came, made, together);
      if (made > 1) seen.owed = Math.max(seen.owed, owedAfter(lostOf(made, together), intervalMs));
      if (seen.owed > 0 && inRow(seen.came) >= seen.owed) seen.owed = 0;
    }
    seen.isUnsteady = isUnsteadyNow(seen.came, seen.isUnsteady);
    const isLossy = seen.isUnsteady || missingOf(seen.came) >= LOSSY_FROM;
    if (isLossy !== seen.isLossy) this.lossyCount += isLossy ? 1 : -1;
    seen.isLossy = isLossy;
    const stage = this.detectors.stage(seen.nodeId, nowMs);
    // Also while it is DOWN, and nobody asks: who is away again and again is not steady.
    const wasSilent = stage === 'overdue' || stage === 'silent';
    if ((seen.came & 2) === 0 || wasSilent) seen.steadySinceMs = nowMs;
    if (wasSilent) seen.troubledAtMs = nowMs;
  }

  private rhythm(nodeId: string, nowMs: number): Rhythm {
    const reading = this.detectors.reading(nodeId, nowMs);
    return reading === null ? UNHEARD : this.rhythmOf(reading);
  }

  private rhythmOf({ phi, irregularity }: Reading): Rhythm {
    return { suspicion: phi / this.options.detector.phiThreshold, irregularity };
  }
}
