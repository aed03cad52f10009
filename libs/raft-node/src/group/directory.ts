/**
 * Who belongs to the group and where each is, as all members agree on it. Pure: commands in, the next directory out, the same everywhere.
 *
 * Raft's own configuration says who has a vote; this says which store a name stands for, so that a wiped disk does not pass for the member
 * that it was. Stores that were removed are remembered: they never come back.
 */
export interface Addresses {
  readonly httpUrl: string;
  readonly raftUrl: string;
}

export interface Newcomer extends Addresses {
  readonly nodeId: string;
  readonly storeId: string;
}

export interface DirectoryPeer extends Newcomer {
  /** It is being removed: first its vote, then its name. */
  readonly leaving: boolean;
  /** The member whose vote it takes over once it keeps up. */
  readonly replaces: string | null;
}

export interface Directory {
  /** Sorted by node id. */
  readonly peers: readonly DirectoryPeer[];
  /** Stores of removed members, the latest last. */
  readonly tombstones: readonly string[];
}

export type DirectoryCommand =
  /** It belongs from now on; of a member that is known, where it is now. */
  | { readonly kind: 'enter'; readonly peer: Newcomer; readonly replaces: string | null }
  | { readonly kind: 'leave'; readonly nodeId: string; readonly storeId: string }
  /** It has no vote any more and is gone for good. */
  | { readonly kind: 'bury'; readonly nodeId: string; readonly storeId: string }
  /** After the majority was lost: nobody else belongs. */
  | { readonly kind: 'sole'; readonly nodeId: string };

export interface DirectoryChange {
  readonly directory: Directory;
  /** Why it was refused, in words; null when it was not. */
  readonly refused: string | null;
}

export const EMPTY_DIRECTORY: Directory = { peers: [], tombstones: [] };
export const TOMBSTONES_MAX = 1000;
export const PEERS_MAX = 32;

export function directoryOf(members: readonly Newcomer[]): Directory {
  return { peers: sorted(members.map((member) => entryOf(member, null))), tombstones: [] };
}

export function applyDirectory(directory: Directory, command: DirectoryCommand): DirectoryChange {
  switch (command.kind) {
    case 'enter':
      return enter(directory, command.peer, command.replaces);
    case 'leave':
      return done({ ...directory, peers: directory.peers.map((peer) => (isSame(peer, command) ? { ...peer, leaving: true } : peer)) });
    case 'bury':
      return done(buried(directory, (peer) => isSame(peer, command)));
    case 'sole':
      return done(buried(directory, (peer) => peer.nodeId !== command.nodeId));
  }
}

/** Why a newcomer cannot be entered, in words for its operator; null when it can. */
export function hindranceTo({ peers, tombstones }: Directory, { nodeId, storeId }: Pick<Newcomer, 'nodeId' | 'storeId'>): string | null {
  if (tombstones.includes(storeId)) return `'${nodeId}' was removed from the group with the store ${storeId}: move its raft store away, and start it again to join as a new member`;
  const named = peers.find((peer) => peer.nodeId === nodeId);
  if (named !== undefined && named.storeId !== storeId) return `'${nodeId}' is known with the store ${named.storeId} and comes with ${storeId}: the old one has to be removed first`;
  if (named?.leaving === true) return `'${nodeId}' is being removed from the group: wait, or give it an empty data folder and start it again`;
  const stored = peers.find((peer) => peer.storeId === storeId);
  if (stored !== undefined && stored.nodeId !== nodeId) return `the store ${storeId} belongs to '${stored.nodeId}' and '${nodeId}' comes with it: give each member its own node.dataDir`;
  if (named === undefined && peers.length >= PEERS_MAX) return `the group has ${peers.length} members, and ${PEERS_MAX} are the most: remove one first`;
  return null;
}

export function peerNamed({ peers }: Directory, nodeId: string): DirectoryPeer | null {
  return peers.find((peer) => peer.nodeId === nodeId) ?? null;
}

export function isAt(a: Addresses, b: Addresses): boolean {
  return a.httpUrl === b.httpUrl && a.raftUrl === b.raftUrl;
}

function enter(directory: Directory, { nodeId, storeId, httpUrl, raftUrl }: Newcomer, replaces: string | null): DirectoryChange {
  const refused = hindranceTo(directory, { nodeId, storeId });
  if (refused !== null) return { directory, refused };
  const before = peerNamed(directory, nodeId);
  // Of a member that is gone by now nothing is left to take over: whoever comes under its name later is somebody else.
  const wanted = replaces ?? before?.replaces ?? null;
  const replaced = wanted === null || wanted === nodeId ? null : peerNamed(directory, wanted);
  const peer = entryOf({ nodeId, storeId, httpUrl, raftUrl }, replaced?.nodeId ?? null);
  return done({ ...directory, peers: sorted([...directory.peers.filter((other) => other.nodeId !== nodeId), peer]) });
}

function buried({ peers, tombstones }: Directory, isGone: (peer: DirectoryPeer) => boolean): Directory {
  const gone = peers.filter(isGone);
  const names = new Set(gone.map(({ nodeId }) => nodeId));
  const kept = peers.filter((peer) => !isGone(peer)).map((peer) => (peer.replaces !== null && names.has(peer.replaces) ? { ...peer, replaces: null } : peer));
  return { peers: kept, tombstones: [...tombstones, ...gone.map(({ storeId }) => storeId)].slice(-TOMBSTONES_MAX) };
}

function entryOf({ nodeId, storeId, httpUrl, raftUrl }: Newcomer, replaces: string | null): DirectoryPeer {
  return { nodeId, storeId, httpUrl, raftUrl, leaving: false, replaces };
}

function isSame(peer: DirectoryPeer, { nodeId, storeId }: { readonly nodeId: string; readonly storeId: string }): boolean {
  return peer.nodeId === nodeId && peer.storeId === storeId;
}

function sorted(peers: readonly DirectoryPeer[]): DirectoryPeer[] {
  return peers.toSorted((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
}

function done(directory: Directory): DirectoryChange {
  return { directory, refused: null };
}
