/**
 * Which of a node's last beats came, one bit each, the newest lowest: their numbers tell exactly what was lost, on whatever lane and
 * however late the others came. One outage is one fault however long it was; again and again is another. Says also how many must come in
 * a row after an outage before one that was suspected for it is believed again.
 */

/** Nothing was missed yet. */
export const ALL_CAME = -1;
/** Beats missing of so many that make a node unsteady, of which one outage counts at most so many; and beats in a row that make it steady again. Count. */
const MISSING = 4;
const OF_LAST = 9;
const NEWEST = (1 << OF_LAST) - 1;
const OUTAGE_MAX = 2;
const IN_A_ROW = 0xffff;
const BITS = 32;
/** Who lost beats owes half as many again, in a row: who is there for as long as he is away is never in between. */
const OWED_PER_LOST = 1.5;
/** What is owed at least and at most, as time and as beats. Milliseconds; count. */
const OWED_MS_MIN = 5000;
const OWED_MS_MAX = 30_000;
const OWED_MIN = [2, 5] as const;
const OWED_MAX = [2, 30] as const;

/** Of beats that came together, when it is only known how many they were: the last ones. */
export function cameTogether(count: number): number {
  return count >= BITS ? ALL_CAME : (1 << count) - 1;
}

/** After `made` more beats, of which those came that `together` says, seen from the newest. */
export function arrivedNow(came: number, made: number, together: number): number {
  return (made < BITS ? came << made : 0) | together;
}

/** One came after all, overtaken by so many later ones. */
export function arrivedLate(came: number, overtakenBy: number): number {
  return overtakenBy < BITS ? came | (1 << overtakenBy) : came;
}

/** How many of the last are missing. Count. */
export function missingOf(came: number): number {
  // Mostly nothing is missing among the last, and no more than those count.
  if ((came & NEWEST) === NEWEST) return 0;
  let [missing, counted, inRow] = [0, 0, 0];
  for (let bit = 0; bit < BITS && counted < OF_LAST; bit++) {
    const isMissing = ((came >>> bit) & 1) === 0;
    inRow = isMissing ? inRow + 1 : 0;
    if (inRow > OUTAGE_MAX) continue;
    counted += 1;
    if (isMissing) missing += 1;
  }
  return missing;
}

/** How often beats were missing among the last, in a row or alone. Count. */
export function outagesOf(came: number): number {
  const missing = ~came & NEWEST;
  let count = 0;
  for (let starts = missing & ~(missing << 1); starts !== 0; starts &= starts - 1) count += 1;
  return count;
}

export function isUnsteadyNow(came: number, wasUnsteady: boolean): boolean {
  return wasUnsteady ? (came & IN_A_ROW) !== IN_A_ROW : missingOf(came) >= MISSING;
}

/** How many of `made` beats, of which those came that `together` says, are lost to us. Count. */
export function lostOf(made: number, together: number): number {
  let cameCount = 0;
  for (let bits = made < BITS ? together & ((1 << made) - 1) : together; bits !== 0; bits &= bits - 1) cameCount += 1;
  return Math.max(0, made - cameCount);
}

/** Beats in a row that are owed after so many were lost together. Count. */
export function owedAfter(lost: number, intervalMs: number): number {
  if (lost === 0) return 0;
  const least = between(OWED_MIN, Math.ceil(OWED_MS_MIN / intervalMs));
  const most = between(OWED_MAX, Math.ceil(OWED_MS_MAX / intervalMs));
  return between([least, most], Math.ceil(OWED_PER_LOST * lost));
}

/** How many came in a row up to now, as far as is remembered. Count. */
export function inRow(came: number): number {
  return came === ALL_CAME ? BITS : BITS - 1 - Math.clz32(~came & (came + 1));
}

function between([least, most]: readonly [number, number], count: number): number {
  return Math.min(most, Math.max(least, count));
}
