/**
 * Changes of the configuration: which are legal, and through which steps they go.
 *
 * One voter more or less is safe in one step, since any two majorities meet; everything else goes through a joint configuration (thesis 4.3).
 */
import type { Configuration, PeerId } from './types.js';

export interface ConfigChange {
  /** Become voters; learners among them are promoted. */
  readonly addVoters?: readonly PeerId[];
  /** Become learners; voters among them are demoted. */
  readonly addLearners?: readonly PeerId[];
  readonly remove?: readonly PeerId[];
}

export type ChangePlan =
  | { readonly kind: 'next'; readonly config: Configuration }
  /** In words, naming the member and the remedy. */
  | { readonly kind: 'illegal'; readonly reason: string };

const sorted = (peers: Iterable<PeerId>): PeerId[] => [...new Set(peers)].toSorted();

export function isJoint(config: Configuration): boolean {
  return config.outgoing.length > 0;
}

/** Everybody who gets the log: voters old and new, and learners. Sorted. */
export function membersOf(config: Configuration): PeerId[] {
  return sorted([...config.voters, ...config.outgoing, ...config.learners]);
}

export function isVoter(config: Configuration, peer: PeerId): boolean {
  return config.voters.includes(peer) || config.outgoing.includes(peer);
}

export function isMember(config: Configuration, peer: PeerId): boolean {
  return isVoter(config, peer) || config.learners.includes(peer);
}

/** The configuration that follows first: the last one for a simple change, a joint one otherwise. */
export function planChange(config: Configuration, change: ConfigChange): ChangePlan {
  if (isJoint(config)) return illegal('a change of the members is under way: wait until it is committed');
  const addVoters = change.addVoters ?? [];
  const addLearners = change.addLearners ?? [];
  const remove = change.remove ?? [];
  const named = [...addVoters, ...addLearners, ...remove];
  if (named.length === 0) return illegal('the change names nobody: name a member to add or remove');
  const twice = named.find((peer, index) => named.indexOf(peer) !== index);
  if (twice !== undefined) return illegal(`'${twice}' is named twice in one change: name it once`);
  const stranger = remove.find((peer) => !isMember(config, peer));
  if (stranger !== undefined) return illegal(`'${stranger}' is no member and cannot be removed: the members are ${membersOf(config).join(', ')}`);
  const leaves = new Set([...remove, ...addLearners]);
  const voters = sorted([...config.voters, ...addVoters].filter((peer) => !leaves.has(peer)));
  if (voters.length === 0) return illegal('no voter would be left: add one in the same change');
  const gone = new Set([...remove, ...addVoters]);
  const learners = sorted([...config.learners, ...addLearners].filter((peer) => !gone.has(peer)));
  const next: Configuration = { voters, outgoing: [], learners };
  if (isSame(next, config)) return illegal('the change changes nothing: they are what they would become');
  const changedVoters = difference(voters, config.voters).length + difference(config.voters, voters).length;
  return { kind: 'next', config: changedVoters <= 1 ? next : { ...next, outgoing: config.voters } };
}

/** What follows a joint configuration once that is committed. */
export function leaveJoint(config: Configuration): Configuration {
  return { ...config, outgoing: [] };
}

function difference(a: readonly PeerId[], b: readonly PeerId[]): PeerId[] {
  return a.filter((peer) => !b.includes(peer));
}

function isSame(a: Configuration, b: Configuration): boolean {
  const lists = (config: Configuration): string => JSON.stringify([config.voters, config.outgoing, config.learners]);
  return lists(a) === lists(b);
}

function illegal(reason: string): ChangePlan {
  return { kind: 'illegal', reason };
}
