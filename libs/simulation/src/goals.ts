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

export const noWrongDown: Goal = { what: 'wrong DOWN', limit: '0', read: ({ wrongDowns }) => ({ figure: String(wrongDowns), isMet: wrongDowns === 0 }) };
export const noWrongSuspect: Goal = { what: 'wrong SUSPECT', limit: '0', read: ({ wrongSuspects }) => ({ figure: String(wrongSuspects), isMet: wrongSuspects === 0 }) };
export const crashP50: Goal = { what: 'kill -9 to DOWN, p50', limit: '0.5 s', read: ({ processCrashToDown }) => within(processCrashToDown.p50Ms, 500) };
export const crashP99: Goal = { what: 'kill -9 to DOWN, p99', limit: '1 s', read: ({ processCrashToDown }) => within(processCrashToDown.p99Ms, 1000) };
export const silenceP50: Goal = { what: 'host gone to DOWN, p50', limit: '3 s', read: ({ hostCrashToDown }) => within(hostCrashToDown.p50Ms, 3000) };
export const silenceP99: Goal = { what: 'host gone to DOWN, p99', limit: '5 s', read: ({ hostCrashToDown }) => within(hostCrashToDown.p99Ms, 5000) };
export const silenceMax: Goal = { what: 'host gone to DOWN, at most', limit: 'failure.timeoutMs, 15 s', read: ({ hostCrashToDown }) => within(hostCrashToDown.maxMs, 15_000) };
export const memberIn1s: Goal = { what: 'start of a process to JOINING, at most', limit: '1 s', read: ({ startToMember }) => within(startToMember.maxMs, 1000) };
export const outIn10s: Goal = { what: 'bad node out after, at most', limit: '10 s', read: ({ impaired }) => within(impaired.outAfterMs.maxMs, 10_000) };
export const staysOut: Goal = {
  what: 'bad node in service after 10 s',
  limit: '0 %',
  read: ({ impaired: { inServiceShareAfter10s: share } }) => (share === null ? null : { figure: `${(share * 100).toFixed(1)} %`, isMet: share === 0 }),
};
export const oneChange: Goal = { what: 'changes for all that crashed together', limit: '1', read: ({ downChanges }) => (downChanges === 0 ? null : { figure: String(downChanges), isMet: downChanges === 1 }) };

export const DETECTION: readonly Goal[] = [crashP50, crashP99, silenceP50, silenceP99, silenceMax];

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}
