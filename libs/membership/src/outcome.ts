/** What came of an entry. */
import type { Change } from './change.js';
import type { Rejection } from './rejection.js';

/** What came of one command. */
export type SingleOutcome =
  /** `change` is what was asked for; `also` what followed from it, such as a brake that has nobody left to protect. */
  | { readonly kind: 'changed'; readonly change: Change; readonly also: readonly Change[] }
  /** Applied, with nothing to tell anybody. */
  | { readonly kind: 'noted' }
  | { readonly kind: 'rejected'; readonly rejection: Rejection };

/** A `many` has one outcome per command, in their order. */
export type Outcome = SingleOutcome | { readonly kind: 'many'; readonly outcomes: readonly SingleOutcome[] };

/** All changes of an entry, in their order. */
export function changesOf(outcome: Outcome): readonly Change[] {
  switch (outcome.kind) {
    case 'changed':
      return [outcome.change, ...outcome.also];
    case 'many':
      return outcome.outcomes.flatMap((single) => changesOf(single));
    case 'noted':
    case 'rejected':
      return [];
  }
}
