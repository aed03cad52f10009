/**
 * Numbers the boots of a node, so that a restarted node is told from the one that died.
 *
 * Decides the number only; asking the cluster which one it knows is the business of the HTTP lane.
 */

const RANDOM_VALUES = 1024;

/** A number greater than that of any earlier boot whose clock was right; `random` is 0 ≤ x < 1. */
export function incarnationAt(nowUnixMs: number, random: number): number {
  return Math.floor(nowUnixMs) * RANDOM_VALUES + Math.floor(random * RANDOM_VALUES);
}

/**
 * Which number to go on with, now that the cluster said which one it knows. Before the first beat an equal number must
 * belong to somebody else; after it, it is our own.
 */
export function incarnationBeyond(facts: { readonly own: number; readonly known: number | null; readonly hasBeaten: boolean }): number {
  const { own, known, hasBeaten } = facts;
  if (known === null) return own;
  const isOvertaken = hasBeaten ? known > own : known >= own;
  return isOvertaken ? known + 1 : own;
}

/** `<service>-<host>` in letters that a node id may have, at most 128 of them. */
export function defaultNodeId(service: string, hostName: string): string {
  return `${service}-${hostName}`.replaceAll(/[^A-Za-z0-9._-]/g, '-').slice(0, 128);
}
