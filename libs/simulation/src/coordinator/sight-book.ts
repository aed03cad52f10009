/**
 * What the coordinator sees of every node. Stands for `Sightings` of apps/coordinator, which the simulation cannot import:
 * composes the real detectors and health trackers in the same way, without what is for people only.
 */
import type { Beat, MemberRecord, MemberStatus } from '@muster/contracts';
import { type DetectorConfig, DetectorSet } from '@muster/failure-detector';
import { HealthTracker, type Rhythm, SCORE_DEFAULTS } from '@muster/health-score';
import type { Profile, Sight } from '@muster/membership';

interface Seen {
  readonly incarnation: number;
  readonly health: HealthTracker;
  seq: number;
  state: Beat['state'];
  profile: Profile;
  joiningBeats: number;
  joiningSinceMs: number;
  refusals: number;
}

export class SightBook {
  private readonly seen = new Map<string, Seen>();
  readonly detectors: DetectorSet;

  constructor(private readonly config: DetectorConfig) {
    this.detectors = new DetectorSet(config);
  }

  /** Takes the newest of the beats of one node that arrived together. */
  heard(beat: Beat, arrivedCount: number, nowMs: number): 'new' | 'known' | 'stale' {
    const { nodeId, incarnation } = beat;
    const before = this.seen.get(nodeId);
    if (before !== undefined && (incarnation < before.incarnation || (incarnation === before.incarnation && beat.seq <= before.seq))) return 'stale';
    const isNew = before?.incarnation !== incarnation;
    const seen = isNew ? this.begin(beat, nowMs) : before;
    const wasWatched = !isNew && this.detectors.has(nodeId);
    if (!wasWatched) this.detectors.watch(nodeId, { intervalMs: beat.intervalMs, nowMs });
    seen.joiningBeats += isNew ? arrivedCount : Math.min(arrivedCount, beat.seq - seen.seq);
    seen.seq = beat.seq;
    seen.state = beat.state;
    seen.profile = profileOf(beat);
    seen.refusals = 0;
    this.detectors.heartbeat(nodeId, beat, arrivedCount, nowMs);
    seen.health.read(beat.vitals, this.rhythm(nodeId, nowMs), nowMs);
    return wasWatched ? 'known' : 'new';
  }

  answered(nodeId: string, nowMs: number): void {
    const seen = this.seen.get(nodeId);
    if (seen === undefined) return;
    seen.refusals = 0;
    this.detectors.answered(nodeId, nowMs);
  }

  refused(nodeId: string): void {
    const seen = this.seen.get(nodeId);
    if (seen !== undefined) seen.refusals += 1;
  }

  unanswered(nodeId: string): void {
    const seen = this.seen.get(nodeId);
    if (seen !== undefined) seen.refusals = 0;
  }

  /** Follows what was agreed. */
  agreed({ nodeId, incarnation, status: to }: MemberRecord, from: MemberStatus | null, nowMs: number): void {
    const seen = this.seen.get(nodeId);
    if (seen?.incarnation !== incarnation) return;
    if (to === 'LEFT') this.detectors.forget(nodeId);
    if (to !== 'JOINING') return;
    if (from === 'SUSPECT' || from === 'DOWN') seen.joiningBeats = 1;
    seen.joiningSinceMs = nowMs;
  }

  excuse(nowMs: number, unobservedMs: number, graceFromMs: number): void {
    this.detectors.excuse(nowMs, unobservedMs, graceFromMs);
    for (const seen of this.seen.values()) seen.joiningSinceMs = Math.min(nowMs, seen.joiningSinceMs + unobservedMs);
  }

  sight(nodeId: string, nowMs: number): Sight | null {
    const seen = this.seen.get(nodeId);
    if (seen === undefined) return null;
    const reading = this.detectors.reading(nodeId, nowMs);
    const stage = reading?.stage ?? 'silent';
    const isAnsweringOnly = stage === 'alive' && (reading?.isBeatOverdue ?? true);
    if (isAnsweringOnly) seen.health.readRhythm(this.rhythm(nodeId, nowMs));
    const { incarnation, seq, state, profile, joiningBeats, refusals, health } = seen;
    const silence = { stage, silenceMs: reading?.silenceMs ?? 0, phi: reading?.phi ?? 0 };
    return { nodeId, incarnation, seq, state, profile, ...silence, joiningBeats, joiningMs: nowMs - seen.joiningSinceMs, grade: health.grade, score: health.score, refusals, isAnsweringOnly };
  }

  incarnation(nodeId: string): number | null {
    return this.seen.get(nodeId)?.incarnation ?? null;
  }

  private begin(beat: Beat, nowMs: number): Seen {
    const seen: Seen = { incarnation: beat.incarnation, health: new HealthTracker(SCORE_DEFAULTS), seq: 0, state: beat.state, profile: profileOf(beat), joiningBeats: 0, joiningSinceMs: nowMs, refusals: 0 };
    this.seen.set(beat.nodeId, seen);
    return seen;
  }

  private rhythm(nodeId: string, nowMs: number): Rhythm {
    const reading = this.detectors.reading(nodeId, nowMs);
    if (reading === null) return { suspicion: 1, irregularity: 0 };
    return { suspicion: reading.phi / this.config.phiThreshold, irregularity: reading.irregularity };
  }
}

function profileOf({ service, zone, tags, resources, httpUrl }: Profile): Profile {
  return { service, zone, tags, resources, httpUrl };
}
