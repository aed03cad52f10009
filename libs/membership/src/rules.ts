/** Rules of membership that every replica must share: the same commands under other rules give another state. */

export interface MembershipRules {
  /** Consecutive beats that a node unknown so far needs to be HEALTHY. Count, >= 1. Default 3. */
  readonly joiningBeats: number;
  /** How long a node that failed must beat before it is HEALTHY again. Milliseconds. Default 30000. */
  readonly stabilisationMs: number;
  /** Cap of the stabilisation period, which doubles with each failure in the window. Milliseconds. Default 16 periods. */
  readonly stabilisationMsMax: number;
  /** Age at which a failure no longer lengthens the period. Milliseconds. Default 20 periods and at least 10 minutes. */
  readonly failureWindowMs: number;
  /** Failures remembered of one node. Count. Default 16. */
  readonly failuresMax: number;
  /** Age at which DOWN and LEFT nodes are forgotten. Milliseconds. Default 24 h. */
  readonly reapAfterMs: number;
  /** Published changes kept for readers who resume. Count. Default 1000. */
  readonly historyMax: number;
  /** Changes kept while they cannot be published; beyond, the oldest are lost to the bus, and counted. Count. Default 10000. */
  readonly outboxMax: number;
}

const MINUTE_MS = 60_000;

export function membershipRules(options: { readonly stabilisationMs: number }): MembershipRules {
  const { stabilisationMs } = options;
  return {
    joiningBeats: 3,
    stabilisationMs,
    stabilisationMsMax: stabilisationMs * 16,
    failureWindowMs: Math.max(10 * MINUTE_MS, stabilisationMs * 20),
    failuresMax: 16,
    reapAfterMs: 24 * 60 * MINUTE_MS,
    historyMax: 1000,
    outboxMax: 10_000,
  };
}
