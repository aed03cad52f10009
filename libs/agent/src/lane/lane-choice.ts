/**
 * Which coordinators an agent keeps a lane to. Pure.
 *
 * Rendezvous hashing: each node has its own order of the coordinators, so that where there are more of them than one keeps lanes to,
 * they share the nodes evenly, and one that goes leaves its nodes to all others alike.
 */

/** Every coordinator of a group of the usual size, so that each sees each node with its own eyes. Count. */
export const LANES_MAX = 5;

/** Each once, at most `LANES_MAX`, the preferred one first. The choice does not depend on how the list was written. */
export function chosenCoordinators(nodeId: string, urls: readonly string[]): string[] {
  const weighed = [...new Set(urls)].map((url) => ({ url, weight: weight(`${nodeId}\n${url}`) }));
  return weighed
    .toSorted((one, other) => other.weight - one.weight || (one.url < other.url ? -1 : 1))
    .slice(0, LANES_MAX)
    .map(({ url }) => url);
}

/** FNV-1a, its bits mixed once more: by itself it leaves texts that differ in their last letter close together. */
function weight(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
