/** Settings of the detector, and how those of the whole follow from the three that people set. */

export interface DetectorConfig {
  /** Suspicion at which silence counts as suspect. φ, > 0. Default 8. Higher is later and surer. */
  readonly phiThreshold: number;
  /** Silence that is always forgiven on top of the mean gap, in intervals of the sender. Ratio, >= 0. Default 1.5: one lost beat, and the next half an interval late. */
  readonly pauseIntervals: number;
  /** Least deviation believed in, in intervals of the sender, so that a perfectly regular peer may still hiccup. Ratio, > 0. Default 0.1. */
  readonly deviationIntervalsMin: number;
  /** Least deviation believed in whatever the interval. Milliseconds, > 0. Default 20. */
  readonly deviationMsMin: number;
  /** Longer gaps are learnt as this many intervals. Ratio, > 1. Default 3. */
  readonly gapIntervalsMax: number;
  /** Gaps remembered. Count, 2..1000. Default 128. More is steadier and slower to adapt. */
  readonly windowSize: number;
  /** Cap of the adaptive deadline: whatever was learnt, longer silence is suspect. Milliseconds. Default 6000. */
  readonly suspectMsMax: number;
  /** Silence that is a verdict. Milliseconds, > `suspectMsMax`. Default 12000. */
  readonly silentMs: number;
}

/** Share of `failure.timeoutMs` after which a silent node is given up: the rest is for committing and publishing that. */
const SILENT_SHARE = 0.8;
/** Share of `failure.timeoutMs` that caps the adaptive deadline. */
const SUSPECT_SHARE = 0.4;

export function detectorConfig(options: { readonly phiThreshold: number; readonly failureTimeoutMs: number }): DetectorConfig {
  return {
    phiThreshold: options.phiThreshold,
    pauseIntervals: 1.5,
    deviationIntervalsMin: 0.1,
    deviationMsMin: 20,
    gapIntervalsMax: 3,
    windowSize: 128,
    suspectMsMax: options.failureTimeoutMs * SUSPECT_SHARE,
    silentMs: options.failureTimeoutMs * SILENT_SHARE,
  };
}
