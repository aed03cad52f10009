/**
 * What is promised about the founding of a group and about who belongs to it, watched from outside: never two groups, no promise taken back, founded only
 * by what all had promised, one name never two votes, nobody put out whom nobody ordered out. What Raft promises is watched for each group beside it.
 */
import type { FoundingPromise } from '@muster/contracts';
import type { Message } from '@muster/raft';
import { compareRank, type Directory, type Newcomer } from '@muster/raft-node';
import { RaftMonitors } from '../raft/raft-monitors.js';
import type { RaftMember } from '../raft/raft-member.js';
import type { GroupWorld } from './group-world.js';
import type { Site } from './site.js';

interface Watched {
  readonly members: Map<string, RaftMember>;
  readonly raft: RaftMonitors;
}

export class GroupMonitors {
  private readonly own: RaftMonitors;
  private readonly groups = new Map<string, Watched>();
  /** Everything that a store ever promised. */
  private readonly promises = new Map<string, FoundingPromise[]>();
  /** Who voted under a name in a term. */
  private readonly voters = new Map<string, string>();
  /** Stores that operators ordered out, or whose disks are gone. */
  private readonly mayGo = new Set<string>();
  private latest: { readonly index: number; readonly directory: Directory } | null = null;

  constructor(private readonly world: GroupWorld) {
    this.own = new RaftMonitors(new Map(), () => world.clock.nowMs());
  }

  get violations(): string[] {
    return [...this.own.violations, ...[...this.groups.values()].flatMap(({ raft }) => raft.violations)];
  }

  get elections(): number {
    return [...this.groups.values()].reduce((sum, { raft }) => sum + raft.elections, 0);
  }

  /** As whoever has applied most knows it. */
  get directoryNow(): Directory | null {
    return this.latest?.directory ?? null;
  }

  violate(what: string): void {
    this.own.violate(what);
  }

  /** Of the group that this one belongs to. */
  of({ disk: { clusterId } }: Site): RaftMonitors | null {
    return clusterId === null ? null : (this.groups.get(clusterId)?.raft ?? null);
  }

  /** On its disk, and so forever. */
  promised({ nodeId, disk: { storeId } }: Site, promise: FoundingPromise): void {
    const before = this.promises.get(storeId) ?? [];
    const last = before.at(-1);
    if (last !== undefined && compareRank(promise, last) > 0) this.violate(`${nodeId} goes back from ${textOf(last)} to ${textOf(promise)}`);
    this.promises.set(storeId, [...before, promise]);
  }

  /** It goes by what it heard: that all have promised, or that somebody else has founded. */
  founds(site: Site, members: readonly Newcomer[]): void {
    if (members.length !== this.world.settings.expect) this.violate(`${site.nodeId} founds a group of ${members.length}`);
    for (const { storeId, nodeId } of members) {
      const isPromised = this.promises.get(storeId)?.some((promise) => promise.members.length === members.length && promise.members.every((member, at) => member.storeId === members[at]?.storeId));
      if (isPromised !== true) this.violate(`${site.nodeId} founds a group with ${nodeId} (${storeId}), which never promised it`);
    }
  }

  /** A store is one of this group from now on. */
  belongs(site: Site, clusterId: string): void {
    let watched = this.groups.get(clusterId);
    if (watched === undefined) {
      const members = new Map<string, RaftMember>();
      this.groups.set(clusterId, (watched = { members, raft: new RaftMonitors(members, () => this.world.clock.nowMs()) }));
    }
    watched.members.set(site.nodeId, site.disk.member);
    const groups = new Set(this.world.sites.flatMap(({ disk }) => disk.clusterId ?? []));
    if (groups.size > 1) this.violate(`there are ${groups.size} groups: ${this.world.sites.map(({ nodeId, disk }) => `${nodeId} in ${disk.clusterId ?? 'none'}`).join(', ')}`);
    if (site.disk.member.store.lastIndex === 0) this.world.counts.joined += 1;
    else this.world.counts.founded += 1;
  }

  said(site: Site, message: Message): void {
    this.of(site)?.said(site.nodeId, message);
    const isVote = (message.kind === 'vote' && !message.isPre) || (message.kind === 'vote-reply' && !message.isPre && message.granted);
    if (!isVote) return;
    const key = `${site.disk.clusterId ?? ''} ${site.nodeId} ${message.term}`;
    const before = this.voters.get(key);
    if (before === undefined) this.voters.set(key, site.disk.storeId);
    else if (before !== site.disk.storeId) this.violate(`${before} and ${site.disk.storeId} vote in term ${message.term} under one name`);
  }

  applied(site: Site, index: number, hash: number): void {
    this.of(site)?.applied(site.nodeId, index, hash);
  }

  /** An operator said that this store shall go, or its disk is gone. */
  ordered(storeId: string): void {
    this.mayGo.add(storeId);
  }

  /** A member knows another directory. */
  directory(site: Site, directory: Directory): void {
    const index = site.membership?.appliedIndex ?? 0;
    if (this.latest === null || index >= this.latest.index) this.latest = { index, directory };
    for (const { storeId, leaving, nodeId } of directory.peers) {
      if (leaving && !this.mayGo.has(storeId)) this.violate(`${nodeId} (${storeId}) is put out of the group, and nobody ordered it`);
      if (directory.tombstones.includes(storeId)) this.violate(`${nodeId} belongs with the store ${storeId}, which was removed for good`);
    }
    for (const storeId of directory.tombstones) if (!this.mayGo.has(storeId)) this.violate(`the store ${storeId} was removed, and nobody ordered it`);
  }

  crashed(site: Site): void {
    this.of(site)?.crashed(site.nodeId);
  }
}

function textOf({ round, members }: FoundingPromise): string {
  return `${round}: ${members.map(({ storeId }) => storeId).join(' ')}`;
}
