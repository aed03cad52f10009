/**
 * The way out when most members are lost for good: one store becomes a group of its own, under a new cluster id, and the others join it anew.
 *
 * Everything in the store counts as committed from then on, since nobody is left to ask; what the lost members had beyond it is lost. Members of the old
 * group are refused by their cluster id, so that a majority that was only away cannot go on beside it unnoticed - but it can go on by itself:
 * that they are gone for good is for the operator to know. A dry run tells all of it and changes nothing.
 */
import { randomUUID } from 'node:crypto';
import { type Entry, membersOf } from '@muster/raft';
import { soleSurvivor } from '../group/envelope.js';
import { RaftStore } from '../store/raft-store.js';
import { reportOf, type StoreReport } from './store-report.js';

export interface RecoveryOptions {
  readonly storePath: string;
  /** The member that this store belongs to. */
  readonly nodeId: string;
  readonly isDryRun: boolean;
}

export interface Recovery {
  readonly before: StoreReport;
  readonly newClusterId: string;
  readonly keepsVoter: string;
  /** They have to join again, with data folders that hold no Raft store. */
  readonly dropsMembers: readonly string[];
  /** Entries that are kept although it is not known that they were committed. Count. */
  readonly uncertainEntries: number;
  /** Sentences for the operator. */
  readonly warnings: readonly string[];
  /** The store as it was before; null in a dry run. */
  readonly backupPath: string | null;
}

export class RecoveryRefused extends Error {
  override readonly name = 'RecoveryRefused';
}

/** Throws `RecoveryRefused`, or `StoreUnusable` when there is no store or its member runs. */
export function recoverStore({ storePath, nodeId, isDryRun }: RecoveryOptions): Recovery {
  const store = RaftStore.openExisting(storePath);
  try {
    const before = reportOf(storePath, store);
    const hindrance = hindranceTo(before, nodeId);
    if (hindrance !== null) throw new RecoveryRefused(hindrance);
    const newClusterId = randomUUID();
    const backupPath = isDryRun ? null : `${storePath}.before-${newClusterId}`;
    if (backupPath !== null) {
      store.copyTo(backupPath);
      refound(store, before, nodeId, newClusterId);
    }
    return {
      before,
      newClusterId,
      keepsVoter: nodeId,
      dropsMembers: membersOf(before.config).filter((member) => member !== nodeId),
      uncertainEntries: before.lastIndex - before.commitIndex,
      warnings: warningsOf(before, nodeId),
      backupPath,
    };
  } finally {
    store.close();
  }
}

/** As a leader of a later term would have written it: the members, then who is gone; both committed. */
function refound(store: RaftStore, { term, lastIndex }: StoreReport, nodeId: string, clusterId: string): void {
  const later = term + 1;
  const entries: Entry[] = [
    { kind: 'config', index: lastIndex + 1, term: later, config: { voters: [nodeId], outgoing: [], learners: [] } },
    { kind: 'command', index: lastIndex + 2, term: later, data: soleSurvivor(nodeId) },
  ];
  store.refound(clusterId, { term: later, votedFor: nodeId, commit: lastIndex + 2 }, entries);
}

function hindranceTo({ path, storeId, clusterId, config, peers, damage }: StoreReport, nodeId: string): string | null {
  if (damage !== null) return damage;
  if (clusterId === null) return `the Raft store ${path} never was part of a group: start the coordinator, and it forms or joins one`;
  const owner = peers.find((peer) => peer.storeId === storeId)?.nodeId;
  if (owner !== undefined && owner !== nodeId) return `the Raft store ${path} belongs to '${owner}', not to '${nodeId}': give --node-id ${owner}, or the data folder of '${nodeId}'`;
  const members = membersOf(config);
  if (!members.includes(nodeId)) return `'${nodeId}' is no member in the Raft store ${path}: the members are ${members.join(', ') || 'not known to it'}`;
  if (config.outgoing.length === 0 && config.voters.length === 1 && config.voters[0] === nodeId) return `'${nodeId}' is the only voter already: start it, it needs nobody else`;
  return null;
}

function warningsOf({ config, commitIndex, lastIndex, lastTerm }: StoreReport, nodeId: string): string[] {
  const others = membersOf(config).filter((member) => member !== nodeId);
  const warnings = [
    `make sure that ${others.join(', ')} never run again with their Raft stores: they could go on as the old group beside this one`,
    `what they acknowledged beyond entry ${lastIndex} of term ${lastTerm} is lost: where several stores are left, take the one with the highest term of its last entry, then the highest index`,
  ];
  if (lastIndex > commitIndex) warnings.push(`${lastIndex - commitIndex} entries at the end may never have been acknowledged, and count as committed from now on`);
  if (!config.voters.includes(nodeId)) warnings.push(`'${nodeId}' was no voter: it may lack more than a voter would`);
  return warnings;
}
