/**
 * Who may get a request, how gladly, from the agreed membership alone.
 *
 * Own experience with a member is not considered here; that is `member-record.ts`.
 */
import type { MemberStatusView } from '@muster/contracts';

/** What routing needs to know of a member. */
export type Candidate = Pick<MemberStatusView, 'nodeId' | 'incarnation' | 'status' | 'healthScore' | 'zone' | 'marks'>;

/**
 * How willingly a member is used; the first tier that has anybody gets the request, so all but `routable` have weight 0 while
 * somebody routable can serve.
 * `braked`: silent in such numbers that the coordinators do not trust their eyes; our own experience decides.
 * `ejected`: routable, but our own connections failed. `leaving` (draining as well), `cordoned` and `damped` are known to run.
 * `down` is tried only when the view is too old to be believed.
 */
export const TIERS = ['routable', 'braked', 'ejected', 'leaving', 'cordoned', 'damped', 'suspect', 'down'] as const;
export type Tier = (typeof TIERS)[number];

/** A member with the worst score still gets a little, or its score could never be seen to rise. */
const WEIGHT_MIN = 0.05;

/** Null for one that never gets a request: it said its last word. `isBraked`: a brake protects it from being declared dead. */
export function tierOf({ status, marks }: Candidate, isBraked = false): Exclude<Tier, 'ejected'> | null {
  switch (status) {
    case 'HEALTHY':
    case 'DEGRADED':
    case 'JOINING':
      return tierOfMarks(marks) ?? 'routable';
    case 'LEAVING':
      return tierOfMarks(marks) ?? 'leaving';
    case 'SUSPECT':
      return isBraked && marks.length === 0 ? 'braked' : 'suspect';
    case 'DOWN':
      return 'down';
    case 'LEFT':
      return null;
  }
}

/** Of several marks the worst counts. */
function tierOfMarks(marks: Candidate['marks']): 'leaving' | 'cordoned' | 'damped' | null {
  if (marks.includes('damped')) return 'damped';
  if (marks.includes('cordoned')) return 'cordoned';
  return marks.includes('draining') ? 'leaving' : null;
}

/** Share of traffic in comparison to others of its tier. 0.05..1. */
export function weightOf(candidate: Candidate): number {
  return Math.max(WEIGHT_MIN, Math.min(1, candidate.healthScore / 100) * statusFactor(candidate));
}

function statusFactor({ status }: Candidate): number {
  switch (status) {
    case 'HEALTHY':
      return 1;
    case 'DEGRADED':
      return 0.5;
    case 'JOINING':
      return 0.2;
    case 'LEAVING':
    case 'SUSPECT':
    case 'DOWN':
    case 'LEFT':
      // Their score says nothing about how they will take a request.
      return 1;
  }
}
