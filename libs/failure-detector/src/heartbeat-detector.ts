/**
 * Judges one incarnation of one node by the rhythm of its beats: phi accrual, turned into a deadline.
 *
 * Gaps are measured on the sender's clock, silence on ours (`nowMs`, monotonic). Reads no clock and arms no timer;
 * costs O(1) and allocates nothing per beat. Knows silence only: other evidence is the caller's business.
 */
import type { Beat } from '@muster/contracts';
import type { DetectorConfig } from './config.js';
import { GapWindow } from './gap-window.js';
import { deviationsAt, phiOf } from './phi.js';

/** `overdue`: past the φ deadline. `silent`: silent for so long that it is a verdict. */
export type Stage = 'alive' | 'overdue' | 'silent';

export type BeatTiming = Pick<Beat, 'seq' | 'sentMonoMs' | 'intervalMs'>;

/** A node whose interval is long gets at least this many of its intervals before it is silent. */
const SILENT_INTERVALS_MIN = 3;
const SUSPECT_INTERVALS_MIN = 2.5;
/** Deviation that says more about the scheduler than about the node. Milliseconds. */
const JITTER_MS = 50;
/** Fewer gaps make no rhythm: one odd gap while a node starts would count for much. Seeds included. */
const GAPS_FOR_RHYTHM_MIN = 10;
/** Suspicion comes before the verdict, whatever the settings. */
const SUSPECT_SHARE_MAX = 0.75;

export class HeartbeatDetector {
  private readonly gaps: GapWindow;
  private readonly deviations: number;
  private intervalMs: number;
  private lastSeq = 0;
  private lastSentMonoMs = 0;
  private lastBeatAtMs: number;
  private lastHeardAtMs: number;
  private suspectAfterMs = 0;
  private silentAfterMs = 0;

  /** Begins with a node that is taken to have been heard just now, but has not taught anything yet. */
  constructor(
    private readonly config: DetectorConfig,
    start: { readonly intervalMs: number; readonly nowMs: number },
  ) {
    this.gaps = new GapWindow(config.windowSize);
    this.deviations = deviationsAt(config.phiThreshold);
    this.intervalMs = start.intervalMs;
    this.lastBeatAtMs = start.nowMs;
    this.lastHeardAtMs = start.nowMs;
    this.seed();
  }

  /**
   * Notes the newest of the beats that arrived together; `arrivedCount` of them are new, and share the gap since the last.
   * False when it is not newer than what is known: then nothing changes.
   */
  heartbeat(beat: BeatTiming, arrivedCount: number, nowMs: number): boolean {
    if (beat.seq <= this.lastSeq) return false;
    if (beat.intervalMs !== this.intervalMs) {
      this.intervalMs = beat.intervalMs;
      this.seed();
    } else if (this.lastSeq > 0) {
      // A beat that came before by another lane may be counted again, but no more beats are new than were made.
      const newCount = Math.min(Math.max(1, arrivedCount), beat.seq - this.lastSeq);
      this.learn((beat.sentMonoMs - this.lastSentMonoMs) / newCount);
    }
    this.lastSeq = beat.seq;
    this.lastSentMonoMs = beat.sentMonoMs;
    this.lastBeatAtMs = nowMs;
    this.lastHeardAtMs = nowMs;
    return true;
  }

  /** Notes a sign of life that is not a beat, such as an answered probe: ends the silence, teaches nothing. */
  answered(nowMs: number): void {
    this.lastHeardAtMs = Math.max(this.lastHeardAtMs, nowMs);
  }

  /** Time after `nowMs` turns out not to have passed for us: what was heard in it is taken as heard just now, not as heard in the future. */
  notAfter(nowMs: number): void {
    this.lastBeatAtMs = Math.min(this.lastBeatAtMs, nowMs);
    this.lastHeardAtMs = Math.min(this.lastHeardAtMs, nowMs);
  }

  /** The stage, when silence counts from `floorMs` at the earliest. */
  stage(nowMs: number, floorMs = -Infinity): Stage {
    const silenceMs = nowMs - Math.max(this.lastHeardAtMs, floorMs);
    if (silenceMs < this.suspectAfterMs) return 'alive';
    return silenceMs < this.silentAfterMs ? 'overdue' : 'silent';
  }

  /** When silence alone would next change the stage; null once silent. */
  nextDeadlineMs(nowMs: number, floorMs = -Infinity): number | null {
    const fromMs = Math.max(this.lastHeardAtMs, floorMs);
    switch (this.stage(nowMs, floorMs)) {
      case 'alive':
        return fromMs + this.suspectAfterMs;
      case 'overdue':
        return fromMs + this.silentAfterMs;
      case 'silent':
        return null;
    }
  }

  /** Suspicion from the absence of beats, for display. 0..300. */
  phi(nowMs: number, floorMs = -Infinity): number {
    const silenceMs = Math.max(0, nowMs - Math.max(this.lastBeatAtMs, floorMs));
    return phiOf((silenceMs - this.expectedMs()) / this.believedDeviationMs());
  }

  /** True while no beat came for longer than the φ deadline, even if the node answers otherwise. */
  isBeatOverdue(nowMs: number, floorMs = -Infinity): boolean {
    return nowMs - Math.max(this.lastBeatAtMs, floorMs) >= this.suspectAfterMs;
  }

  /** Deviation of the gaps against their mean, beyond what any busy host adds. Ratio, >= 0; 0 is a perfect rhythm, or too few gaps. */
  irregularity(): number {
    if (this.gaps.size < GAPS_FOR_RHYTHM_MIN) return 0;
    return Math.max(0, this.gaps.deviationMs() - JITTER_MS) / Math.max(1, this.gaps.meanMs());
  }

  get heardAtMs(): number {
    return this.lastHeardAtMs;
  }

  /** Silence at which the stage becomes `overdue`. Milliseconds. */
  get patienceMs(): number {
    return this.suspectAfterMs;
  }

  /** Two gaps around the interval that the sender means to keep: a fresh node is judged leniently, but it is judged. */
  private seed(): void {
    this.gaps.clear();
    this.gaps.add(this.intervalMs * 0.75);
    this.gaps.add(this.intervalMs * 1.25);
    this.silentAfterMs = Math.max(this.config.silentMs, SILENT_INTERVALS_MIN * this.intervalMs);
    this.refresh();
  }

  /**
   * A gap past the cap of the deadline is an outage: it could not move the deadline, so it must not spoil the window.
   * Shorter ones are cut, not dropped: a node that became slower must be learnt.
   */
  private learn(gapMs: number): void {
    if (gapMs < 0 || gapMs > this.capMs()) return;
    this.gaps.add(Math.min(gapMs, this.config.gapIntervalsMax * this.intervalMs));
    this.refresh();
  }

  private refresh(): void {
    this.suspectAfterMs = Math.min(this.expectedMs() + this.deviations * this.believedDeviationMs(), this.capMs());
  }

  /** Without a cap, a node that is always nearly late teaches the detector to wait for ever. */
  private capMs(): number {
    const capMs = Math.max(this.config.suspectMsMax, SUSPECT_INTERVALS_MIN * this.intervalMs);
    return Math.min(capMs, this.silentAfterMs * SUSPECT_SHARE_MAX);
  }

  private expectedMs(): number {
    return this.gaps.meanMs() + this.config.pauseIntervals * this.intervalMs;
  }

  private believedDeviationMs(): number {
    return Math.max(this.gaps.deviationMs(), this.config.deviationIntervalsMin * this.intervalMs, this.config.deviationMsMin);
  }
}
