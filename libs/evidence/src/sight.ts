/** One node as one observer sees it now. */
import type { Beat } from '@muster/contracts';
import type { Stage } from '@muster/failure-detector';
import type { Profile } from '@muster/membership';

export interface Sight {
  readonly nodeId: string;
  readonly incarnation: number;
  /** Highest sequence number seen of this incarnation; 0 when it was not seen to beat yet. */
  readonly seq: number;
  readonly state: Beat['state'];
  readonly profile: Profile;
  /** By the last sign of life, be it a beat or an answer. */
  readonly stage: Stage;
  /** Observed time since the last sign of life. Milliseconds. */
  readonly silenceMs: number;
  readonly phi: number;
  readonly isBeatLate: boolean;
  /** Beats since it began to join, without an interruption. Count. */
  readonly joiningBeats: number;
  /** Observed time since it began to join, without an interruption. Milliseconds. */
  readonly joiningMs: number;
  /** Observed time since it was last silent, stalled or new. Milliseconds. */
  readonly steadyMs: number;
  readonly grade: 'HEALTHY' | 'DEGRADED';
  readonly score: number;
  /** Answers probes although its beats are missing. */
  readonly isAnsweringOnly: boolean;
}

/** What the evidence against a node amounts to. `unsure`: it is not well, and we may not judge. */
export type Finding =
  | { readonly kind: 'well' }
  | { readonly kind: 'unsure'; readonly withheld: Withheld }
  | { readonly kind: 'crashed'; readonly reason: string; readonly observers: readonly string[] }
  /** It is there, and its ways lose nearly everything. Never grounds to give it up. */
  | { readonly kind: 'worn'; readonly reason: string; readonly observers: readonly string[]; readonly withheld: Withheld }
  | {
      readonly kind: 'stalled' | 'silent';
      readonly reason: string;
      readonly observers: readonly string[];
      /** Why it is not given up yet; null when it is. */
      readonly withheld: Withheld | null;
    };

/**
 * `blind`: we do not hear that part of the cluster. `unconfirmed`: too little time, or too few observers. `follower`: somebody else decides.
 * `refused`: the agreed state did not take it; it is proposed again later.
 */
export const WITHHELD_CAUSES = ['blind', 'unconfirmed', 'brake', 'damped', 'follower', 'refused'] as const;

export interface Withheld {
  readonly cause: (typeof WITHHELD_CAUSES)[number];
  readonly detail: string;
  /** It is always so for a while: worth showing, not worth a line of log. */
  readonly isRoutine?: true;
}

export const WELL: Finding = { kind: 'well' };
export const FOLLOWS: Withheld = { cause: 'follower', detail: 'this coordinator does not lead' };
/** Holds a verdict up for one round at most: what held it up before is still worth showing. */
export const AWAITED: Withheld = { cause: 'unconfirmed', detail: 'a probe of it is under way', isRoutine: true };
