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
  /** Time in which half of a penalty is forgotten. Milliseconds. Default 60000. */
  readonly flapHalfLifeMs: number;
  /** Penalty above which a member is damped. Failures. Default 1.5. */
  readonly flapSuppress: number;
  /** Penalty below which a damped member is believed again. Failures, < `flapSuppress`. Default 0.75. */
  readonly flapReuse: number;
  /** Cap of the penalty: nobody is damped for more than four half-lives after the last failure. Failures. Default 16 x `flapReuse`. */
  readonly flapPenaltyMax: number;
  /** Age at which DOWN and LEFT nodes are forgotten. Milliseconds. Default 24 h. */
  readonly reapAfterMs: number;
  /** Published changes kept for readers who resume. Count. Default 1000. */
  readonly historyMax: number;
  /** Changes kept while they cannot be published; beyond, the oldest are lost to the bus, and counted. Count. Default 10000. */
  readonly outboxMax: number;
}

const MINUTE_MS = 60_000;

export interface MembershipSettings {
  readonly stabilisationMs: number;
  readonly joiningBeats?: number;
  readonly reapAfterMs?: number;
  readonly flap?: { readonly halfLifeMs: number; readonly suppress: number; readonly reuse: number };
}

export function membershipRules(settings: MembershipSettings): MembershipRules {
  const { stabilisationMs, joiningBeats = 3, reapAfterMs = 24 * 60 * MINUTE_MS, flap = { halfLifeMs: MINUTE_MS, suppress: 1.5, reuse: 0.75 } } = settings;
  return {
    joiningBeats,
    stabilisationMs,
    stabilisationMsMax: stabilisationMs * 16,
    failureWindowMs: Math.max(10 * MINUTE_MS, stabilisationMs * 20),
    failuresMax: 16,
    flapHalfLifeMs: flap.halfLifeMs,
    flapSuppress: flap.suppress,
    flapReuse: flap.reuse,
    flapPenaltyMax: Math.max(flap.suppress + 1, flap.reuse * 16),
    reapAfterMs,
    historyMax: 1000,
    outboxMax: 10_000,
  };
}

export function isSameRules(a: MembershipRules, b: MembershipRules): boolean {
  const names = Object.keys(a) as (keyof MembershipRules)[];
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
