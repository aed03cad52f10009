/** What issue 4 wants of the whole, as limits on figures. A goal that is missed is a figure to improve, not a broken run. */
import type { Figures } from './quality-of-service.js';

export interface Goal {
  readonly what: string;
  readonly limit: string;
  /** The figure as text, and whether it is within the limit; null when the run has none. */
  readonly read: (figures: Figures) => { readonly figure: string; readonly isMet: boolean } | null;
}

export interface GoalResult {
  readonly what: string;
  readonly limit: string;
  readonly figure: string;
  readonly isMet: boolean;
}

export function judge(goals: readonly Goal[], figures: Figures): GoalResult[] {
  return goals.flatMap(({ what, limit, read }) => {
    const result = read(figures);
    return result === null ? [] : [{ what, limit, ...result }];
  });
}

const within = (ms: number | null, maxMs: number): { figure: string; isMet: boolean } | null => (ms === null ? null : { figure: seconds(ms), isMet: ms <= maxMs });
const atMost = (what: string, limitMs: number, read: (figures: Figures) => number | null): Goal => ({ what, limit: seconds(limitMs), read: (figures) => within(read(figures), limitMs) });

export const noWrongDown: Goal = { what: 'wrong DOWN', limit: '0', read: ({ wrongDowns }) => ({ figure: String(wrongDowns), isMet: wrongDowns === 0 }) };
export const noWrongSuspect: Goal = { what: 'wrong SUSPECT', limit: '0', read: ({ wrongSuspects }) => ({ figure: String(wrongSuspects), isMet: wrongSuspects === 0 }) };
export const crashP50 = atMost('kill -9 to DOWN, p50', 500, ({ processCrashToDown }) => processCrashToDown.p50Ms);
export const crashP99 = atMost('kill -9 to DOWN, p99', 1000, ({ processCrashToDown }) => processCrashToDown.p99Ms);
export const silenceP50 = atMost('host gone to DOWN, p50', 3000, ({ hostCrashToDown }) => hostCrashToDown.p50Ms);
/** Four beats a second are to be worth something. */
export const silenceP99Often: Goal = { what: 'host gone to DOWN, p99, with a beat every 250 ms or less', limit: '2.50 s', read: ({ hostCrashToDown, intervalMs }) => (intervalMs > 250 ? null : within(hostCrashToDown.p99Ms, 2500)) };
export const silenceP99 = atMost('host gone to DOWN, p99', 5000, ({ hostCrashToDown }) => hostCrashToDown.p99Ms);
export const silenceMax = atMost('host gone to DOWN, at most (failure.timeoutMs)', 15_000, ({ hostCrashToDown }) => hostCrashToDown.maxMs);
export const memberIn1s = atMost('start of a process to JOINING, at most', 1000, ({ startToMember }) => startToMember.maxMs);
export const frozenIn1s = atMost('main loop frozen to SUSPECT, at most', 1000, ({ freezeToSuspect }) => freezeToSuspect.maxMs);
export const stoppedIn2500 = atMost('SIGSTOP to SUSPECT, at most', 2500, ({ freezeToSuspect }) => freezeToSuspect.maxMs);
export const outIn10s: Goal = {
  what: 'bad node out after, at most',
  limit: '10 s',
  read: ({ impaired: { neverOut, outAfterMs } }) => (neverOut > 0 ? { figure: `never (${neverOut})`, isMet: false } : within(outAfterMs.maxMs, 10_000)),
};
export const staysOut: Goal = {
  what: 'bad node in service after 10 s',
  limit: '0 %',
  read: ({ impaired: { inServiceShareAfter10s: share } }) => (share === null ? null : { figure: `${(share * 100).toFixed(1)} %`, isMet: share === 0 }),
};
export const threeChanges: Goal = {
  what: 'changes of a bad node in 10 minutes',
  limit: '3',
  read: ({ impaired: { changesPer10MinMax: most } }) => (most === null ? null : { figure: most.toFixed(1), isMet: most <= 3 }),
};
export const oneChange: Goal = { what: 'changes for all that crashed together', limit: '1', read: ({ downEntries }) => (downEntries === 0 ? null : { figure: String(downEntries), isMet: downEntries === 1 }) };
/** One deadline is about 2.5 s with a beat a second, and all that is silent is known a confirming round later. */
export const brakeSoon = atMost('outage to brake, at most', 5000, ({ outageToBrake }) => outageToBrake.maxMs);
export const releaseSoon = atMost('beats back to release, at most', 2000, ({ endToRelease }) => endToRelease.maxMs);
export const didBrake: Goal = { what: 'brakes', limit: 'at least 1', read: ({ brakes }) => ({ figure: String(brakes), isMet: brakes > 0 }) };

export const DETECTION: readonly Goal[] = [crashP50, crashP99, silenceP50, silenceP99, silenceP99Often, silenceMax];
export const BRAKE: readonly Goal[] = [didBrake, brakeSoon, releaseSoon];

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}
