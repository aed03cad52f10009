/**
 * What one observer sees of every node, from beats and probes: the evidence from which proposals are decided.
 *
 * Composes detectors and health scores; reads no clock, proposes nothing. What was agreed lives in `membership`.
 */
import type { Beat, MemberRecord, MemberStatus, Pulse, Vitals } from '@muster/contracts';
import { type DetectorConfig, DetectorSet } from '@muster/failure-detector';
import { HealthTracker, type Rhythm, type ScoreConfig } from '@muster/health-score';
import { isGone, type Member, type Profile } from '@muster/membership';
import type { Sight } from './decide.js';
import type { Now } from './input.js';

export interface SightingsOptions {
  readonly detector: DetectorConfig;
  readonly score: ScoreConfig;
  /** Assumed of members that were not heard since our own start. Milliseconds. */
  readonly intervalMs: number;
}

/** A pulse with the time of the last beat as a number. Wall time, milliseconds since 1970. */
export type SightedPulse = Omit<Pulse, 'lastHeartbeatTime'> & { readonly lastBeatUnixMs: number };

interface Seen {
  readonly nodeId: string;
  readonly incarnation: number;
  readonly health: HealthTracker;
  seq: number;
  state: Beat['state'];
  profile: Profile;
  vitals: Vitals | null;
  lastBeatUnixMs: number;
  joiningBeats: number;
  joiningSinceMs: number;
  refusals: number;
}

export class Sightings {
  private readonly seen = new Map<string, Seen>();
  readonly detectors: DetectorSet;

  constructor(private readonly options: SightingsOptions) {
    this.detectors = new DetectorSet(options.detector);
  }

  /** Takes up a member that was agreed on before our start: it has a full deadline to be heard. */
  resume(member: Member, now: Now): void {
    const { record } = member;
    const { nodeId, incarnation, status } = record;
    // Wall time may have jumped while we were away: it can shorten the wait that is left, never beyond it.
    const waitedMs = Math.min(Math.max(0, now.unixMs - record.changedAtUnixMs), member.admission.periodMs);
    this.seen.set(nodeId, {
      nodeId,
      incarnation,
      health: new HealthTracker(this.options.score, status === 'DEGRADED' ? 'DEGRADED' : 'HEALTHY'),
      seq: member.seq,
      state: status === 'LEFT' ? 'left' : status === 'LEAVING' ? 'leaving' : 'running',
      profile: profileOf(record),
      vitals: null,
      lastBeatUnixMs: record.changedAtUnixMs,
      joiningBeats: 0,
      joiningSinceMs: now.ms - waitedMs,
      refusals: 0,
    });
    if (!isGone(status)) this.detectors.watch(nodeId, { intervalMs: this.options.intervalMs, nowMs: now.ms });
  }

  /** Takes the newest of the beats of one node that arrived together; `arrivedCount` of them are new. */
  heard(beat: Beat, arrivedCount: number, now: Now): 'new' | 'known' | 'stale' {
    const before = this.seen.get(beat.nodeId);
    if (before !== undefined && (beat.incarnation < before.incarnation || (beat.incarnation === before.incarnation && beat.seq <= before.seq))) return 'stale';
    const isNew = before?.incarnation !== beat.incarnation;
    const seen = isNew ? this.begin(beat, now) : before;
    const wasWatched = this.watch(beat, isNew, now);
    // One that came before by another lane may be counted again, but no more are new than were made.
    seen.joiningBeats += isNew ? arrivedCount : Math.min(arrivedCount, beat.seq - seen.seq);
    seen.seq = beat.seq;
    seen.state = beat.state;
    seen.profile = profileOf(beat);
    seen.vitals = beat.vitals;
    seen.lastBeatUnixMs = now.unixMs;
    seen.refusals = 0;
    this.detectors.heartbeat(beat.nodeId, beat, arrivedCount, now.ms);
    seen.health.read(beat.vitals, this.rhythm(beat.nodeId, now.ms), now.ms);
    return isNew || !wasWatched ? 'new' : 'known';
  }

  /** A probe found the very process: its silence ends, although its beats are still missing. */
  answered(nodeId: string, nowMs: number): void {
    const seen = this.seen.get(nodeId);
    if (seen === undefined) return;
    seen.refusals = 0;
    this.detectors.answered(nodeId, nowMs);
  }

  /** A probe found a host without that process. */
  refused(nodeId: string): void {
    const seen = this.seen.get(nodeId);
    if (seen !== undefined) seen.refusals += 1;
  }

  /** A probe found out nothing: refusals count only in a row. */
  unanswered(nodeId: string): void {
    const seen = this.seen.get(nodeId);
    if (seen !== undefined) seen.refusals = 0;
  }

  /** Follows what was agreed: joining starts anew, who left is watched no more. What concerns a process before the one that is seen now changes nothing. */
  agreed({ nodeId, incarnation, status: to }: MemberRecord, from: MemberStatus | null, nowMs: number): void {
    const seen = this.seen.get(nodeId);
    if (seen?.incarnation !== incarnation) return;
    if (to === 'LEFT') this.detectors.forget(nodeId);
    if (to !== 'JOINING') return;
    // Back from suspicion, or from the dead: what it showed before does not count.
    if (from === 'SUSPECT' || from === 'DOWN') seen.joiningBeats = 1;
    seen.joiningSinceMs = nowMs;
  }

  /** See `DetectorSet.excuse`; what we did not see is no time of joining either. */
  excuse(nowMs: number, unobservedMs: number, graceFromMs: number): void {
    this.detectors.excuse(nowMs, unobservedMs, graceFromMs);
    for (const seen of this.seen.values()) seen.joiningSinceMs = Math.min(nowMs, seen.joiningSinceMs + unobservedMs);
  }

  /** Forgets who fell silent without ever becoming a member: they are never reaped, and would fill the room for those who come. */
  forgetStrangers(isKept: (nodeId: string) => boolean, nowMs: number): void {
    for (const nodeId of this.seen.keys()) {
      const stage = this.detectors.reading(nodeId, nowMs)?.stage;
      if (!isKept(nodeId) && stage !== 'alive' && stage !== 'late') this.forget(nodeId);
    }
  }

  forget(nodeId: string): void {
    this.seen.delete(nodeId);
    this.detectors.forget(nodeId);
  }

  sight(nodeId: string, nowMs: number): Sight | null {
    const seen = this.seen.get(nodeId);
    if (seen === undefined) return null;
    const reading = this.detectors.reading(nodeId, nowMs);
    // A late beat is worth a look, but says nothing yet.
    const stage = reading?.stage === 'late' ? 'alive' : (reading?.stage ?? 'silent');
    const isAnsweringOnly = stage === 'alive' && (reading?.isBeatOverdue ?? true);
    // Silence has its own status; only a node that is there without its beats is graded for that.
    if (isAnsweringOnly) seen.health.readRhythm(this.rhythm(nodeId, nowMs));
    return {
      nodeId,
      incarnation: seen.incarnation,
      seq: seen.seq,
      state: seen.state,
      profile: seen.profile,
      stage,
      silenceMs: reading?.silenceMs ?? 0,
      phi: reading?.phi ?? 0,
      joiningBeats: seen.joiningBeats,
      joiningMs: nowMs - seen.joiningSinceMs,
      grade: seen.health.grade,
      score: seen.health.score,
      refusals: seen.refusals,
      isAnsweringOnly,
    };
  }

  /** A node's reading for people; the score reflects the silence up to now. */
  pulse(nodeId: string, nowMs: number): SightedPulse | null {
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

  /** Highest incarnation that was seen of a node; null when it is unknown. */
  incarnation(nodeId: string): number | null {
    return this.seen.get(nodeId)?.incarnation ?? null;
  }

  get size(): number {
    return this.seen.size;
  }

  private begin(beat: Beat, now: Now): Seen {
    const seen: Seen = {
      nodeId: beat.nodeId,
      incarnation: beat.incarnation,
      health: new HealthTracker(this.options.score),
      seq: 0,
      state: beat.state,
      profile: profileOf(beat),
      vitals: null,
      lastBeatUnixMs: now.unixMs,
      joiningBeats: 0,
      joiningSinceMs: now.ms,
      refusals: 0,
    };
    this.seen.set(beat.nodeId, seen);
    return seen;
  }

  /** False when the node was not watched until now. */
  private watch(beat: Beat, isNew: boolean, now: Now): boolean {
    if (!isNew && this.detectors.has(beat.nodeId)) return true;
    this.detectors.watch(beat.nodeId, { intervalMs: beat.intervalMs, nowMs: now.ms });
    return false;
  }

  private rhythm(nodeId: string, nowMs: number): Rhythm {
    const reading = this.detectors.reading(nodeId, nowMs);
    if (reading === null) return { suspicion: 1, irregularity: 0 };
    return { suspicion: reading.phi / this.options.detector.phiThreshold, irregularity: reading.irregularity };
  }
}

function profileOf({ service, zone, tags, resources, httpUrl, probeUrl }: Profile): Profile {
  return { service, zone, tags, resources, httpUrl, probeUrl };
}
