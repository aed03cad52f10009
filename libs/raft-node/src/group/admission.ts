/** What the leader answers to somebody who wants to belong. Pure. */
import type { RaftJoin } from '@muster/contracts';
import { type Directory, hindranceTo, isAt, peerNamed } from './directory.js';

export type Admission =
  /** It belongs, and where it is is known. */
  | { readonly kind: 'known' }
  | { readonly kind: 'enter' }
  /** Its disk was wiped: the member that it was has to be removed before it can come back. */
  | { readonly kind: 'bury'; readonly storeId: string }
  | { readonly kind: 'later'; readonly reason: string }
  | { readonly kind: 'refuse'; readonly reason: string };

/** `isInTouch`: the member of that name, with the store that is known, was heard lately. */
export function admissionOf(directory: Directory, cluster: string, request: RaftJoin, isInTouch: boolean): Admission {
  const { nodeId, storeId } = request;
  if (request.cluster !== cluster) return { kind: 'refuse', reason: `'${nodeId}' belongs to the cluster '${request.cluster}', this one is '${cluster}': correct cluster.name or cluster.coordinators` };
  if (directory.tombstones.includes(storeId)) return { kind: 'refuse', reason: hindranceTo(directory, request) ?? '' };
  const named = peerNamed(directory, nodeId);
  if (named !== null && named.storeId !== storeId) return ofAnotherStore(named, request, isInTouch);
  const hindrance = hindranceTo(directory, request);
  if (hindrance !== null) return { kind: 'refuse', reason: hindrance };
  return named !== null && isAt(named, request) ? { kind: 'known' } : { kind: 'enter' };
}

function ofAnotherStore(named: { readonly storeId: string; readonly leaving: boolean; readonly raftUrl: string }, { nodeId }: RaftJoin, isInTouch: boolean): Admission {
  if (named.leaving) return { kind: 'later', reason: `'${nodeId}' comes with a new store, and the member with the store ${named.storeId} is still being removed` };
  if (isInTouch) return { kind: 'refuse', reason: `'${nodeId}' is running at ${named.raftUrl} with the store ${named.storeId}: give each coordinator its own node.id` };
  return { kind: 'bury', storeId: named.storeId };
}
