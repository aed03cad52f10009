/**
 * One coordinator's machine: a disk, which may be wiped, addresses, which may change, and a process that forms or joins a group and belongs to it then.
 *
 * What is on the disk survives every crash: the id of the store, what was promised, to which group it belongs, and the log of the group.
 */
import type { FoundingPromise, RaftIntroduction, RaftJoin } from '@muster/contracts';
import type { Newcomer } from '@muster/raft-node';
import type { RaftMember } from '../raft/raft-member.js';
import type { SeededRandom } from '../seeded-random.js';
import { SimulatedProcess } from '../simulated-process.js';
import { CLUSTER } from './group-settings.js';
import type { GroupWorld } from './group-world.js';
import type { Place } from './http-model.js';
import { SimulatedForming } from './simulated-forming.js';
import { SimulatedMembership } from './simulated-membership.js';

/** What a coordinator does that it must not, so that the monitors can show that they notice. */
export type GroupFault = 'forgets its promise' | 'tells before it writes' | 'founds alone' | 'takes wishes again';

export interface Disk {
  readonly storeId: string;
  clusterId: string | null;
  promise: FoundingPromise | null;
  readonly member: RaftMember;
}

export class Site implements Place {
  readonly main: SimulatedProcess;
  life = 0;
  disk: Disk;
  httpUrl = '';
  raftUrl = '';
  fault: GroupFault | null = null;
  forming: SimulatedForming | null = null;
  membership: SimulatedMembership | null = null;
  private stores = 0;

  constructor(
    readonly nodeId: string,
    readonly world: GroupWorld,
    readonly random: SeededRandom,
  ) {
    this.main = new SimulatedProcess(world.clock);
    this.main.end();
    this.disk = this.emptyDisk();
  }

  get place(): string {
    return this.nodeId;
  }

  get isRunning(): boolean {
    return this.main.presence !== 'gone';
  }

  get self(): RaftJoin {
    const { nodeId, httpUrl, raftUrl } = this;
    return { cluster: CLUSTER, nodeId, storeId: this.disk.storeId, httpUrl, raftUrl };
  }

  start(): void {
    if (this.isRunning) return;
    this.life += 1;
    this.main.begin();
    if (this.disk.clusterId !== null) return this.belong([]);
    if (this.fault === 'forgets its promise') this.disk.promise = null;
    this.forming = new SimulatedForming(this);
    this.forming.round();
  }

  /** All of its threads end together. */
  crash(): void {
    if (!this.isRunning) return;
    if (this.disk.member.raft === null) this.ended();
    else this.disk.member.crash();
  }

  pause(forMs: number): void {
    if (!this.isRunning) return;
    this.main.pause(forMs);
    this.disk.member.pause(forMs);
  }

  /** Everything on its disk is lost: from now on it is somebody else of the same name. */
  wipe(): void {
    this.crash();
    this.disk = this.emptyDisk();
  }

  /** False when its process ended at this very step. */
  survives(): boolean {
    const { world, random } = this;
    if (world.isCalm || !random.chance(world.settings.crashInStepRate)) return true;
    this.crash();
    return false;
  }

  /** Its store is one of this group now, which is durable. */
  found(clusterId: string, write: Parameters<RaftMember['store']['write']>[0]): void {
    const { disk, world } = this;
    disk.member.store.write(write);
    disk.clusterId = clusterId;
    world.monitors.belongs(this, clusterId);
  }

  belong(initial: readonly Newcomer[]): void {
    this.forming = null;
    this.membership = new SimulatedMembership(this, this.disk.clusterId ?? '', initial);
    this.membership.begin();
  }

  introduce(): RaftIntroduction {
    const { self, membership, forming, world, disk } = this;
    const leader = membership?.leader() ?? null;
    const promise = membership === null ? (forming?.promised ?? null) : null;
    return { ...self, clusterId: membership === null ? null : disk.clusterId, expect: world.settings.expect, promise, leaderId: leader?.nodeId ?? null, leaderHttpUrl: leader?.httpUrl ?? null };
  }

  private ended(): void {
    this.main.end();
    this.forming = null;
    this.membership = null;
    this.world.siteEnded(this);
  }

  private emptyDisk(): Disk {
    const storeId = `${this.nodeId}.${++this.stores}`;
    const member = this.world.newMember(this, storeId, () => this.ended());
    return { storeId, clusterId: null, promise: null, member };
  }
}
