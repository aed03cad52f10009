/** How much each dimension counts, and between which readings it falls from good to bad. */

/** A reading that is perfect at `good`, worthless at `bad`, and linear between. Same unit for both, good < bad. */
export interface Ramp {
  readonly good: number;
  readonly bad: number;
}

export interface ScoreConfig {
  /** Shares of the terms. 0..1 each; they sum to 1. */
  readonly weights: {
    readonly heartbeat: number;
    readonly cpu: number;
    readonly memory: number;
    readonly eventLoop: number;
    readonly errors: number;
    readonly checks: number;
  };
  /** Deviation of the gaps between beats against their mean. Ratio. */
  readonly irregularity: Ramp;
  /** The busier of process and host. Ratio, 0..1. */
  readonly cpu: Ramp;
  /** Memory against its limit. Ratio, 0..1. */
  readonly memory: Ramp;
  /** 99th percentile of event-loop delay. Milliseconds. */
  readonly eventLoopDelayMs: Ramp;
  /** How long the main loop has not moved when the beat was made. Milliseconds. What any collector of garbage does is good. */
  readonly mainLagMs: Ramp;
  /** Share of operations that failed. Ratio, 0..1. */
  readonly errorRate: Ramp;
  /** Value of `checks` when any check fails, at most. 0..1: one broken part of many is still broken. */
  readonly checksFailedMax: number;
  /** Time in which load readings follow a lasting change by 63 %. Milliseconds. Default 2000. */
  readonly smoothingMs: number;
  /** Below this score a member is DEGRADED. 0..100. Default 70. */
  readonly degradedBelow: number;
  /** At or above this score a DEGRADED member is HEALTHY again. 0..100, > `degradedBelow`. Default 80. */
  readonly healthyFrom: number;
}

export const SCORE_DEFAULTS: ScoreConfig = {
  weights: { heartbeat: 0.25, cpu: 0.15, memory: 0.15, eventLoop: 0.15, errors: 0.15, checks: 0.15 },
  irregularity: { good: 0.25, bad: 1 },
  cpu: { good: 0.3, bad: 1 },
  memory: { good: 0.8, bad: 1 },
  eventLoopDelayMs: { good: 50, bad: 500 },
  mainLagMs: { good: 250, bad: 700 },
  errorRate: { good: 0, bad: 0.2 },
  checksFailedMax: 0.5,
  smoothingMs: 2000,
  degradedBelow: 70,
  healthyFrom: 80,
};
