/** What a node must show before it is HEALTHY, by how it went before. */
import type { Admission } from './member.js';
import type { MembershipRules } from './rules.js';

type AdmissionRules = Pick<MembershipRules, 'joiningBeats' | 'stabilisationMs' | 'stabilisationMsMax' | 'failureWindowMs' | 'failuresMax'>;

export function afterBeats(rules: AdmissionRules): Admission {
  return { beats: rules.joiningBeats, periodMs: 0 };
}

/** The period doubles with each failure in the window: a node that flaps waits longer each time. */
export function afterFailure(rules: AdmissionRules, failuresUnixMs: readonly number[]): Admission {
  const doublings = Math.max(0, failuresUnixMs.length - 1);
  return { beats: rules.joiningBeats, periodMs: Math.min(rules.stabilisationMs * 2 ** doublings, rules.stabilisationMsMax) };
}

export function withFailure(rules: AdmissionRules, failuresUnixMs: readonly number[], atUnixMs: number): readonly number[] {
  return [...recentFailures(rules, failuresUnixMs, atUnixMs), atUnixMs].slice(-rules.failuresMax);
}

export function recentFailures(rules: AdmissionRules, failuresUnixMs: readonly number[], atUnixMs: number): readonly number[] {
  return failuresUnixMs.filter((failedUnixMs) => failedUnixMs > atUnixMs - rules.failureWindowMs);
}
