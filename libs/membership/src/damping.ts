/**
 * Flap damping: who fails often is not believed for a while. Each failure adds to a penalty that halves with time; above one limit the
 * member is marked, and nothing better is said of it until the penalty is below another. Decides from the penalty alone; that the member
 * beats steadily meanwhile is for the proposer to see.
 *
 * One failure counts once, however many steps it has: a silent suspect counts 1 and its DOWN nothing more; a stalled one a
 * quarter, and its DOWN the rest. The idea is that of route flap damping (RFC 2439).
 */
import type { Damping } from './member.js';
import type { MembershipRules } from './rules.js';

type FlapRules = Pick<MembershipRules, 'flapHalfLifeMs' | 'flapSuppress' | 'flapReuse' | 'flapPenaltyMax'>;

/** What proposers need to know of a member that fails often. */
export interface DampingView {
  /** Failures, older ones counting less, now. */
  readonly penalty: number;
  readonly isDamped: boolean;
  /** When its penalty is low enough that it may be cleared, admitted or joined again; null when nothing stands in the way now. */
  readonly untilUnixMs: number | null;
  /** How long it must be seen steadily alive, besides, before that is proposed. Milliseconds. */
  readonly steadyMs: number;
}

export const CHARGE_FAILURE = 1;
export const CHARGE_STALLED = 0.25;

/** The failure that is going on counts `total`, not less than before: what of it was counted already is not counted again. */
export function charged(rules: FlapRules, damping: Damping, total: number, agreedMs: number): Damping {
  const penalty = penaltyAt(rules, damping, agreedMs) + total - damping.charged;
  return { penalty: Math.min(penalty, rules.flapPenaltyMax), atMs: agreedMs, charged: total };
}

/** The failure is over; the next one counts from the start. */
export function over(damping: Damping): Damping {
  return { ...damping, charged: 0 };
}

export function penaltyAt(rules: FlapRules, { penalty, atMs }: Damping, agreedMs: number): number {
  return penalty * halved(Math.max(0, agreedMs - atMs) / rules.flapHalfLifeMs);
}

/** Agreed time from which on the penalty is below the limit of reuse. Milliseconds. */
export function reusableAtMs(rules: FlapRules, { penalty, atMs }: Damping): number {
  if (penalty < rules.flapReuse) return atMs;
  // One millisecond more, because at the limit itself it is not below, and the logarithm is not exact.
  return Math.ceil(atMs + rules.flapHalfLifeMs * Math.log2(penalty / rules.flapReuse)) + 1;
}

const TERMS = 18;
/** Halvings after which nothing is left. */
const HALVINGS_MAX = 64;

/**
 * 2^-x, x >= 0. By hand, because every replica must come to the same bits, and the language leaves powers to the machine: sums, products
 * and halves are exact everywhere.
 */
function halved(x: number): number {
  if (x > HALVINGS_MAX) return 0;
  const whole = Math.floor(x);
  const power = -(x - whole) * Math.LN2;
  let term = 1;
  let sum = 1;
  for (let n = 1; n <= TERMS; n++) {
    term *= power / n;
    sum += term;
  }
  for (let n = 0; n < whole; n++) sum /= 2;
  return sum;
}
