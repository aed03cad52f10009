/**
 * What the beats of each node taught about its rhythm, and how patient that makes us: when silence is late, suspect, a verdict.
 *
 * φ accrual, turned into deadlines. Knows gaps, not time: when a node was last heard is the caller's.
 */
import type { DetectorConfig } from './config.js';
import { GapWindows, TICKS_PER_INTERVAL } from './gap-windows.js';
import { grown } from './grown.js';
import { deviationsAt, phiOf } from './phi.js';

/** A node gets this many of its intervals before it is silent: two lost beats and half an interval for the third on its way. */
const SILENT_INTERVALS = 3.5;
/** When `failure.timeoutMs` does not allow that: below it one beat could not be told from none. */
const SILENT_INTERVALS_MIN = 3;
const SUSPECT_INTERVALS_MIN = 2.5;
/** Deviation that says more about the scheduler than about the node. Milliseconds. */
const JITTER_MS = 50;
/** Fewer gaps make no rhythm: one odd gap while a node starts would count for much. Seeds included. */
const GAPS_FOR_RHYTHM_MIN = 10;
/** A gap beyond the mean teaches as if it were so much longer than that at most: the greater of the two. */
const ODD_INTERVALS = 0.5;
const ODD_DEVIATIONS = 2;
/** A look comes before suspicion, and suspicion before the verdict, whatever the settings. */
const LATE_SHARE_MAX = 0.75;
const SUSPECT_SHARE_MAX = 0.75;

const INTERVAL = 0;
const LATE_AFTER = 1;
const SUSPECT_AFTER = 2;
const SILENT_AFTER = 3;
/** Of the gaps, as of the last that was added. */
const GAP_MEAN = 4;
const GAP_DEVIATION = 5;
const STRIDE = 6;

export class Rhythms {
  private readonly gaps: GapWindows;
  private readonly deviations: number;
  private columns = new Float64Array(0);

  constructor(private readonly config: DetectorConfig) {
    this.gaps = new GapWindows(config.windowSize);
    this.deviations = deviationsAt(config.phiThreshold);
  }

  reserve(count: number): void {
    this.gaps.reserve(count);
    this.columns = grown(this.columns, count * STRIDE);
  }

  /** Two gaps around the interval that the sender means to keep: a fresh node is judged leniently, but it is judged. */
  seed(slot: number, intervalMs: number): void {
    const { gaps, columns, config } = this;
    gaps.clear(slot);
    gaps.add(slot, 0.75 * TICKS_PER_INTERVAL);
    gaps.add(slot, 1.25 * TICKS_PER_INTERVAL);
    columns[slot * STRIDE + INTERVAL] = intervalMs;
    columns[slot * STRIDE + SILENT_AFTER] = Math.max(config.silentMs, Math.min(SILENT_INTERVALS * intervalMs, config.silentMsMax), SILENT_INTERVALS_MIN * intervalMs);
    this.refresh(slot);
  }

  /**
   * Learns a gap. One past the cap of the deadline is an outage: it could not move the deadline, so it must not spoil the window.
   * Shorter ones are cut, not dropped: a node that became slower must be learnt, but from many gaps. One pause must not buy the next
   * failure a second of patience, as it would in a young window.
   */
  learn(slot: number, gapMs: number): void {
    if (!(gapMs >= 0) || gapMs > this.capMs(slot)) return;
    const intervalMs = this.intervalMs(slot);
    const oddMs = this.gapMeanMs(slot) + Math.max(ODD_INTERVALS * intervalMs, ODD_DEVIATIONS * this.gapDeviationMs(slot));
    this.gaps.add(slot, Math.min(gapMs, oddMs, this.config.gapIntervalsMax * intervalMs) / intervalMs * TICKS_PER_INTERVAL);
    this.refresh(slot);
  }

  intervalMs(slot: number): number {
    return this.columns[slot * STRIDE + INTERVAL]!;
  }

  /** Silence that is worth a look. Milliseconds. */
  lateAfterMs(slot: number): number {
    return this.columns[slot * STRIDE + LATE_AFTER]!;
  }

  /** Silence at which φ reaches its threshold, or the cap. Milliseconds. */
  suspectAfterMs(slot: number): number {
    return this.columns[slot * STRIDE + SUSPECT_AFTER]!;
  }

  /** Silence that is a verdict. Milliseconds. */
  silentAfterMs(slot: number): number {
    return this.columns[slot * STRIDE + SILENT_AFTER]!;
  }

  gapMeanMs(slot: number): number {
    return this.columns[slot * STRIDE + GAP_MEAN]!;
  }

  gapDeviationMs(slot: number): number {
    return this.columns[slot * STRIDE + GAP_DEVIATION]!;
  }

  /** Suspicion after a silence, for display. 0..300; what is no number counts as no silence. */
  phi(slot: number, silenceMs: number): number {
    const heldMs = silenceMs > 0 ? silenceMs : 0;
    return phiOf((heldMs - this.gapMeanMs(slot) - this.pauseMs(slot)) / this.believedMs(slot, this.gapDeviationMs(slot)));
  }

  /** Deviation of the gaps against their mean, beyond what any busy host adds. Ratio, >= 0; 0 is a perfect rhythm, or too few gaps. */
  irregularity(slot: number): number {
    if (this.gaps.count(slot) < GAPS_FOR_RHYTHM_MIN) return 0;
    return Math.max(0, this.gapDeviationMs(slot) - JITTER_MS) / Math.max(1, this.gapMeanMs(slot));
  }

  private refresh(slot: number): void {
    const intervalMs = this.intervalMs(slot);
    const meanMs = (this.gaps.mean(slot) / TICKS_PER_INTERVAL) * intervalMs;
    const deviationMs = (this.gaps.deviation(slot) / TICKS_PER_INTERVAL) * intervalMs;
    this.columns[slot * STRIDE + GAP_MEAN] = meanMs;
    this.columns[slot * STRIDE + GAP_DEVIATION] = deviationMs;
    const suspectMs = Math.min(meanMs + this.pauseMs(slot) + this.deviations * this.believedMs(slot, deviationMs), this.capMs(slot));
    const lateMs = meanMs + this.config.lateIntervals * intervalMs + Math.max(deviationMs, this.config.deviationMsMin);
    this.columns[slot * STRIDE + SUSPECT_AFTER] = suspectMs;
    this.columns[slot * STRIDE + LATE_AFTER] = Math.min(lateMs, suspectMs * LATE_SHARE_MAX);
  }

  /** Without a cap, a node that is always nearly late teaches the detector to wait for ever. */
  private capMs(slot: number): number {
    const capMs = Math.max(this.config.suspectMsMax, SUSPECT_INTERVALS_MIN * this.intervalMs(slot));
    return Math.min(capMs, this.silentAfterMs(slot) * SUSPECT_SHARE_MAX);
  }

  private pauseMs(slot: number): number {
    return Math.max(this.config.pauseIntervals * this.intervalMs(slot), this.config.pauseMsMin);
  }

  private believedMs(slot: number, deviationMs: number): number {
    return Math.max(deviationMs, this.config.deviationIntervalsMin * this.intervalMs(slot), this.config.deviationMsMin);
  }
}
