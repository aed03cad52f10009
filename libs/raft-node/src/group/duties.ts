/**
 * What the leader has to do so that Raft's configuration follows the directory, one thing at a time. Pure.
 *
 * Whoever is in the directory gets the log, and a vote once it keeps up; whoever leaves it loses its vote first and its name then, so that no name
 * ever stands for two stores that vote. Everything can be interrupted by a new leader, who goes on from what is replicated.
 */
import { type ConfigChange, type Configuration, membersOf } from '@muster/raft';
import { type Addresses, type Directory, type DirectoryCommand, type DirectoryPeer, isAt, peerNamed } from './directory.js';

export type Duty = { readonly kind: 'change'; readonly change: ConfigChange } | { readonly kind: 'directory'; readonly command: DirectoryCommand };

export interface DutyFacts {
  readonly directory: Directory;
  readonly config: Configuration;
  /** Learners that have kept up for long enough. */
  readonly ready: ReadonlySet<string>;
  /** Members that keep up and are heard, ourselves among them. */
  readonly steady: ReadonlySet<string>;
  /** Where members were found to be, when that is not what the directory says. */
  readonly found: ReadonlyMap<string, Addresses>;
}

/** Null when all is as it should be. */
export function nextDuty({ directory, config, ready, steady, found }: DutyFacts): Duty | null {
  // The core ends a joint configuration by itself.
  if (config.outgoing.length > 0) return null;
  return farewell({ directory, config, ready, steady }) ?? welcome(directory, config, ready) ?? correction(directory, found);
}

function farewell({ directory: { peers }, config, ready, steady }: Omit<DutyFacts, 'found'>): Duty | null {
  const members = membersOf(config);
  for (const { nodeId, storeId, leaving } of peers) {
    if (!leaving) continue;
    if (!members.includes(nodeId)) return { kind: 'directory', command: { kind: 'bury', nodeId, storeId } };
    const heir = peers.find((peer) => peer.replaces === nodeId && !peer.leaving && config.learners.includes(peer.nodeId));
    // It hands its vote over in one step, which no crash can leave half done.
    if (heir !== undefined) {
      if (ready.has(heir.nodeId)) return { kind: 'change', change: { addVoters: [heir.nodeId], remove: [nodeId] } };
      continue;
    }
    // Without a voter there is no group. It stays until another has a vote.
    if (canGo(nodeId, config, steady)) return { kind: 'change', change: { remove: [nodeId] } };
  }
  return null;
}

/**
 * Whether the others can go on without it. That was asked when it was ordered to leave; since then another one may have ended, and a vote that was given up
 * cannot be taken back.
 */
function canGo(nodeId: string, { voters }: Configuration, steady: ReadonlySet<string>): boolean {
  if (!voters.includes(nodeId)) return true;
  const rest = voters.filter((voter) => voter !== nodeId);
  return 2 * rest.filter((voter) => steady.has(voter)).length > rest.length;
}

function welcome(directory: Directory, config: Configuration, ready: ReadonlySet<string>): Duty | null {
  const members = membersOf(config);
  const stays = directory.peers.filter(({ leaving }) => !leaving);
  const newcomer = stays.find(({ nodeId }) => !members.includes(nodeId));
  if (newcomer !== undefined) return { kind: 'change', change: { addLearners: [newcomer.nodeId] } };
  // Whoever replaces another may have got a vote of its own before anybody said so.
  const canVote = ({ nodeId }: DirectoryPeer): boolean => config.voters.includes(nodeId) || (config.learners.includes(nodeId) && ready.has(nodeId));
  for (const { replaces } of stays.filter(canVote)) {
    const replaced = replaces === null ? null : peerNamed(directory, replaces);
    if (replaced?.leaving === false) return { kind: 'directory', command: { kind: 'leave', nodeId: replaced.nodeId, storeId: replaced.storeId } };
  }
  const learner = stays.find((peer) => config.learners.includes(peer.nodeId) && canVote(peer));
  return learner === undefined ? null : { kind: 'change', change: { addVoters: [learner.nodeId] } };
}

function correction(directory: Directory, found: ReadonlyMap<string, Addresses>): Duty | null {
  for (const [nodeId, { httpUrl, raftUrl }] of found) {
    const peer = peerNamed(directory, nodeId);
    if (peer === null || peer.leaving || isAt(peer, { httpUrl, raftUrl })) continue;
    return { kind: 'directory', command: { kind: 'enter', peer: { nodeId, storeId: peer.storeId, httpUrl, raftUrl }, replaces: null } };
  }
  return null;
}
