/**
 * How coordinators without a group come to one, and never to two. Pure: what is seen now and was promised before in, one step out.
 *
 * A group is founded by exactly `expect` of them, and only when each has durably promised this very set of members. Promises are ranked: by round,
 * then smaller names first. One is given up only for a higher one, and only once it cannot be kept by all: when a member of its set has promised
 * something higher without it, or has come back with another store. So of two sets that share a member one is never founded, and where fewer
 * than twice `expect` coordinators run there is one group. Whoever sees a group that is formed joins it.
 */
import { createHash } from 'node:crypto';
import type { FoundingPromise, RaftIntroduction } from '@muster/contracts';
import type { Newcomer } from './directory.js';

export interface Unformed extends Newcomer {
  readonly cluster: string;
  readonly expect: number;
}

export type FormationStep =
  /** `promise` is to be made durable before it is told. */
  | { readonly kind: 'wait'; readonly promise: FoundingPromise | null; readonly detail: string }
  | { readonly kind: 'found'; readonly clusterId: string; readonly members: readonly Newcomer[] }
  | { readonly kind: 'join'; readonly clusterId: string; readonly via: readonly RaftIntroduction[] };

interface Seen {
  readonly self: Unformed;
  readonly promise: FoundingPromise | null;
  /** Others that could found with us, of any `expect`. */
  readonly unformed: readonly RaftIntroduction[];
  readonly formed: readonly RaftIntroduction[];
}

export function formationStep(self: Unformed, promise: FoundingPromise | null, introductions: readonly RaftIntroduction[]): FormationStep {
  const others = introductions.filter(({ cluster, storeId }) => cluster === self.cluster && storeId !== self.storeId);
  const formed = others.filter(({ clusterId }) => clusterId !== null);
  const seen: Seen = { self, promise, formed, unformed: others.filter(({ clusterId }) => clusterId === null) };
  return formed.length > 0 ? belong(seen) : form(seen);
}

/** The id of the group that these members found, whoever computes it. */
export function clusterIdOf(cluster: string, members: readonly Pick<Newcomer, 'nodeId' | 'storeId'>[]): string {
  const stores = members.map(({ nodeId, storeId }) => [nodeId, storeId]).toSorted((a, b) => compare(a[0] ?? '', b[0] ?? ''));
  const hex = createHash('sha256').update(JSON.stringify([cluster, stores])).digest('hex');
  // A UUID of version 8: made by a rule of our own.
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Negative when `a` ranks higher. */
export function compareRank(a: FoundingPromise, b: FoundingPromise): number {
  return b.round - a.round || compare(keyOf(a), keyOf(b));
}

function belong({ self, promise, formed }: Seen): FormationStep {
  const ids = [...new Set(formed.map(({ clusterId }) => clusterId ?? ''))];
  if (promise !== null && includes(promise, self.storeId)) {
    const clusterId = clusterIdOf(self.cluster, promise.members);
    // Another founder was quicker: it saw that all have promised.
    if (ids.includes(clusterId)) return { kind: 'found', clusterId, members: promise.members };
  }
  const [clusterId] = ids;
  if (clusterId !== undefined && ids.length === 1) return { kind: 'join', clusterId, via: formed };
  const groups = formed.map(({ nodeId, clusterId: id }) => `'${nodeId}' to ${id ?? ''}`).join(', ');
  return { kind: 'wait', promise, detail: `more than one group is called '${self.cluster}' (${groups}): give this coordinator the addresses of one group only` };
}

function form(seen: Seen): FormationStep {
  const { self, promise, unformed } = seen;
  const trouble = disagreement(self, unformed);
  if (trouble !== null) return { kind: 'wait', promise, detail: trouble };
  if (promise !== null && isKept(seen, promise)) return { kind: 'found', clusterId: clusterIdOf(self.cluster, promise.members), members: promise.members };
  if (promise !== null && !isVoid(seen, promise)) return { kind: 'wait', promise, detail: missing(seen, promise) };
  const next = preferred(seen);
  if (next !== null) return { kind: 'wait', promise: next, detail: missing(seen, next) };
  const names = [self, ...unformed].map(({ nodeId }) => `'${nodeId}'`).toSorted().join(', ');
  return { kind: 'wait', promise, detail: `${unformed.length + 1} of ${self.expect} coordinators see each other (${names}): start the others, or correct cluster.coordinators` };
}

function disagreement(self: Unformed, unformed: readonly RaftIntroduction[]): string | null {
  const other = unformed.find(({ expect }) => expect !== self.expect);
  if (other !== undefined) return `'${other.nodeId}' expects ${other.expect} coordinators and '${self.nodeId}' ${self.expect}: give all the same raft.expect`;
  const names = [self, ...unformed].map(({ nodeId }) => nodeId);
  const twice = names.find((name, position) => names.indexOf(name) !== position);
  return twice === undefined ? null : `two coordinators are called '${twice}': give each its own node.id`;
}

/** All whom it names have promised the same. */
function isKept({ self, unformed }: Seen, promise: FoundingPromise): boolean {
  const isPromisedBy = (storeId: string): boolean => {
    if (storeId === self.storeId) return true;
    const told = unformed.find((other) => other.storeId === storeId)?.promise ?? null;
    return told !== null && compareRank(told, promise) === 0;
  };
  return includes(promise, self.storeId) && promise.members.every(({ storeId }) => isPromisedBy(storeId));
}

/** Somebody whom it needs will never promise it. */
function isVoid({ unformed }: Seen, promise: FoundingPromise): boolean {
  return promise.members.some((member) => {
    const named = unformed.find(({ nodeId }) => nodeId === member.nodeId);
    if (named === undefined) return false;
    return named.storeId !== member.storeId || (named.promise !== null && compareRank(named.promise, promise) < 0);
  });
}

/** The first by name of all that are seen, with the addresses that somebody has promised already; ranked above what we gave up. */
function preferred({ self, promise, unformed }: Seen): FoundingPromise | null {
  const candidates = [self, ...unformed].toSorted((a, b) => compare(a.nodeId, b.nodeId));
  if (candidates.length < self.expect) return null;
  const members = candidates.slice(0, self.expect).map(({ nodeId, storeId, httpUrl, raftUrl }): Newcomer => ({ nodeId, storeId, httpUrl, raftUrl }));
  const told = unformed.flatMap((other) => (other.promise === null ? [] : [other.promise]));
  const same = told.filter((other) => storesOf(other) === storesOf({ members })).toSorted(compareRank)[0];
  const round = Math.max(0, promise?.round ?? 0, ...told.map((other) => other.round));
  const next: FoundingPromise = { round, members: [...(same?.members ?? members)] };
  return promise === null || compareRank(next, promise) < 0 ? next : { ...next, round: round + 1 };
}

function missing({ self, unformed }: Seen, promise: FoundingPromise): string {
  const waited = promise.members.filter(({ storeId }) => {
    if (storeId === self.storeId) return false;
    const told = unformed.find((other) => other.storeId === storeId)?.promise ?? null;
    return told === null || compareRank(told, promise) !== 0;
  });
  const names = waited.map(({ nodeId, httpUrl }) => `'${nodeId}' at ${httpUrl}`).join(', ');
  const members = promise.members.map(({ nodeId }) => `'${nodeId}'`).join(', ');
  return `${members} are to found the group${names === '' ? '' : `, and ${names} has not agreed yet: start it; if its data folder is lost, start it with an empty one under the same name`}`;
}

function includes({ members }: FoundingPromise, storeId: string): boolean {
  return members.some((member) => member.storeId === storeId);
}

function storesOf({ members }: Pick<FoundingPromise, 'members'>): string {
  return JSON.stringify(members.map(({ nodeId, storeId }) => [nodeId, storeId]));
}

function keyOf({ members }: FoundingPromise): string {
  return JSON.stringify([members.map(({ nodeId }) => nodeId), members.map(({ storeId }) => storeId), members.map(({ httpUrl, raftUrl }) => [httpUrl, raftUrl])]);
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
