/**
 * Which of a node's last beats came, one bit each, the newest lowest: their numbers tell exactly what was lost, on whatever lane and
 * however late the others came. One outage is one fault however long it was; again and again is another.
 */

/** Nothing was missed yet. */
export const ALL_CAME = -1;
/** Beats missing of so many that make a node unsteady, of which one outage counts at most so many; and beats in a row that make it steady again. Count. */
const MISSING = 4;
const OF_LAST = 9;
const OUTAGE_MAX = 2;
const IN_A_ROW = 0xffff;
const BITS = 32;

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
  if (came === ALL_CAME) return 0;
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

export function isUnsteadyNow(came: number, wasUnsteady: boolean): boolean {
  return wasUnsteady ? (came & IN_A_ROW) !== IN_A_ROW : missingOf(came) >= MISSING;
}
