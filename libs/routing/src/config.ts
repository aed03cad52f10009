/** The numbers that routing goes by. */
export interface RoutingConfig {
  /** Connection failures in a row after which a member is ejected. Count, >= 1. Default 3. Raising it tries dead members longer. */
  readonly failureCountMax: number;
  /** How long the first ejection lasts; doubles each time until a request succeeds. Milliseconds, > 0. Default 2000. */
  readonly ejectMs: number;
  /** Longest ejection. Milliseconds, >= ejectMs. Default 30000. Raising it finds recovered members later. */
  readonly ejectMsMax: number;
  /** Requests of this caller that a member with full weight takes before another zone, or a braked member, helps out. Count, >= 1. Default 32. */
  readonly zoneInflightMax: number;
  /** The caller's zone is preferred only while its best member has at least this share of the best weight anywhere. 0..1, > 0. Default 0.5. */
  readonly zoneWeightShareMin: number;
}

export const ROUTING_DEFAULTS: RoutingConfig = {
  failureCountMax: 3,
  ejectMs: 2000,
  ejectMsMax: 30_000,
  zoneInflightMax: 32,
  zoneWeightShareMin: 0.5,
};

/** Drawn numbers, given by the caller so that the same draws give the same choice. */
export interface Random {
  /** A whole number, 0 <= n < bound. */
  nextInt(boundExclusive: number): number;
}
