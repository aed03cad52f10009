/** Settings of the detector, and how those of the whole follow from the few that people set. */

export interface DetectorConfig {
  /** Suspicion at which silence counts as suspect. φ, > 0. Default 8. Higher is later and surer. */
  readonly phiThreshold: number;
  /** Silence that is always forgiven on top of the mean gap, in intervals of the sender. Ratio, >= 0. Default 1: one lost beat. */
  readonly pauseIntervals: number;
  /** The same in time: a process may pause that long, however often it beats. Milliseconds, >= 0. Default 1000. */
  readonly pauseMsMin: number;
  /** Silence beyond the mean gap that is worth a look, in intervals of the sender. Ratio, > 0. Default 0.35. Lower probes more often in vain. */
  readonly lateIntervals: number;
  /** Least deviation believed in, in intervals of the sender, so that a perfectly regular peer may still hiccup. Ratio, > 0. Default 0.1. */
  readonly deviationIntervalsMin: number;
  /** Least deviation believed in whatever the interval. Milliseconds, > 0. Default 20. */
  readonly deviationMsMin: number;
  /** Longer gaps are learnt as this many intervals. Ratio, 1..3.9. Default 3. */
  readonly gapIntervalsMax: number;
  /** Gaps remembered. Count, 2..1000. Default 128. More is steadier and slower to adapt. */
  readonly windowSize: number;
  /** Cap of the adaptive deadline: whatever was learnt, longer silence is suspect. Milliseconds. Default 6000. */
  readonly suspectMsMax: number;
  /** Observed silence that is a verdict. Milliseconds, > `suspectMsMax`. Default 12000. */
  readonly silentMs: number;
  /** How far that limit may move for a node that beats slowly. Milliseconds, >= `silentMs`. Default 14250. */
  readonly silentMsMax: number;
}

/** How patient detection is with the network. */
export type DetectorPreset = 'local' | 'lan' | 'wan';

/** Share of `failure.timeoutMs` after which a silent node is given up: the rest is for committing and publishing that. */
const SILENT_SHARE = 0.8;
/** What of that rest may be spent on waiting for one more beat. */
const SILENT_SHARE_MAX = 0.95;
/** Share of `failure.timeoutMs` that caps the adaptive deadline. */
const SUSPECT_SHARE = 0.4;

type Patience = Pick<DetectorConfig, 'pauseIntervals' | 'pauseMsMin' | 'lateIntervals'>;

const PATIENCE: Readonly<Record<DetectorPreset, Patience>> = {
  // One machine: no network, but a busy scheduler and a collector of garbage.
  local: { pauseIntervals: 1, pauseMsMin: 400, lateIntervals: 0.35 },
  // One site: a second forgives a TCP retransmission, a leader change of the bus, a full collection of a large heap.
  lan: { pauseIntervals: 1, pauseMsMin: 1000, lateIntervals: 0.35 },
  // Far apart: routes change in seconds, retransmissions take several round trips, and a probe costs one.
  wan: { pauseIntervals: 2, pauseMsMin: 3000, lateIntervals: 0.5 },
};

export function detectorConfig(options: { readonly phiThreshold: number; readonly failureTimeoutMs: number; readonly preset?: DetectorPreset }): DetectorConfig {
  return {
    ...PATIENCE[options.preset ?? 'lan'],
    phiThreshold: options.phiThreshold,
    deviationIntervalsMin: 0.1,
    deviationMsMin: 20,
    gapIntervalsMax: 3,
    windowSize: 128,
    suspectMsMax: options.failureTimeoutMs * SUSPECT_SHARE,
    silentMs: options.failureTimeoutMs * SILENT_SHARE,
    silentMsMax: options.failureTimeoutMs * SILENT_SHARE_MAX,
  };
}
