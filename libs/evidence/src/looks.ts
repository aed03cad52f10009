/**
 * What the last looks at one node found, whoever looked and whatever its beats did meanwhile: whether its ways are so bad that one answer, or
 * one beat, is no recovery. Judges nothing alone: one outage is silence, and has its own limits.
 */
export interface Looks {
  /** One bit each, set where it answered, the newest lowest. */
  readonly answered: number;
  /** Set where it was asked about anew, after a beat. */
  readonly anew: number;
  readonly count: number;
  readonly atMs: number;
}

export interface Look {
  readonly isAnswered: boolean;
  /** The first since a beat ended the last question. */
  readonly isAnotherTime: boolean;
}

export const NOT_LOOKED_AT: Looks = { answered: 0, anew: 0, count: 0, atMs: -Infinity };

/** Looks remembered, and needed to say anything. Count. */
const LOOKS_MAX = 12;
const LOOKS_MIN = 9;
const ALL = (1 << LOOKS_MAX) - 1;
/** Share of them that a way that is merely worn lets through. */
const ANSWERED_SHARE_MIN = 0.25;
/** After so long without one they are about another time. Milliseconds. */
const FRESH_MS = 10_000;
/** Answers in a row that make up for silence before. */
const ANSWERS_IN_A_ROW = 0b111;
/** Who can answer and beats by a way that works is heard within this time: what his beats show counts more. Milliseconds. */
const ANSWERING_MS_MIN = 3000;

export function afterLook(looks: Looks, { isAnswered, isAnotherTime }: Look, nowMs: number): Looks {
  const { answered, anew, count } = nowMs - looks.atMs <= FRESH_MS ? looks : NOT_LOOKED_AT;
  return { answered: ((answered << 1) | Number(isAnswered)) & ALL, anew: ((anew << 1) | Number(isAnotherTime)) & ALL, count: Math.min(LOOKS_MAX, count + 1), atMs: nowMs };
}

/** Hardly any of them was answered. */
export function areInVain({ answered, count, atMs }: Looks, nowMs: number): boolean {
  return count >= LOOKS_MIN && nowMs - atMs <= FRESH_MS && bitsOf(answered) < ANSWERED_SHARE_MIN * count;
}

/** Again and again, and at most one was answered. */
export function areAllInVain({ answered, anew, count }: Looks): boolean {
  return count === LOOKS_MAX && bitsOf(answered) <= 1 && (anew & (ALL >> 1)) !== 0;
}

/** Some were not answered, and not enough since: looks, and time for which it answers. */
export function areMixed({ answered, count, atMs }: Looks, answeringMs: number, nowMs: number): boolean {
  if (nowMs - atMs > FRESH_MS || bitsOf(answered) === count) return false;
  return (answered & ANSWERS_IN_A_ROW) !== ANSWERS_IN_A_ROW || answeringMs < ANSWERING_MS_MIN;
}

/** For people: `2 of 12`. */
export function answeredOf({ answered, count }: Looks): string {
  return `${bitsOf(answered)} of ${count}`;
}

function bitsOf(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count += 1;
  return count;
}
