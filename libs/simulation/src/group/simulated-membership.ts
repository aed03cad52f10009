/**
 * A member of a group that is formed, as `member.ts` of raft-node puts it together: the real directory, machine and whereabouts over the real Raft core.
 * What arrives from the Raft thread is taken in the order in which it was sent.
 */
import type { Entry, Message, PeerId, Raft, Snapshot } from '@muster/raft';
import { applicationEntry, type Directory, type DirectoryAnswer, type DirectoryCommand, directoryEntry, type DirectoryPeer, EMPTY_DIRECTORY, GroupMachine, JoinNonces, type Newcomer, type PeerAddress, peerNamed, Whereabouts, wholeSnapshot } from '@muster/raft-node';
import { commandOf } from '../raft/applied-state.js';
import { StateHash } from '../state-hash.js';
import type { Reception, Wish } from './introducing.js';
import type { Site } from './site.js';
import { SimulatedOrders } from './simulated-orders.js';
import { SimulatedSteward } from './simulated-steward.js';
import { storedDirectory } from './stored-directory.js';
import { Tally } from './tally.js';

export interface Role {
  readonly isLeader: boolean;
  readonly term: number;
  readonly leaderId: PeerId | null;
}

interface Waiting {
  readonly term: number;
  readonly done: (answer: DirectoryAnswer | null) => void;
}

const PROPOSE_MS_MAX = 3000;

export class SimulatedMembership {
  role: Role = { isLeader: false, term: 0, leaderId: null };
  /** As its Raft thread knows them. */
  peers: readonly PeerAddress[] = [];
  readonly whereabouts = new Whereabouts();
  readonly steward: SimulatedSteward;
  readonly orders: SimulatedOrders;
  private readonly nonces: JoinNonces;
  private readonly machine: GroupMachine;
  private readonly tally = new Tally();
  private readonly before: Directory;
  private readonly waiting = new Map<number, Waiting>();
  private readonly heardAtMs = new Map<string, number>();
  private told: Role = this.role;
  private index = 0;
  private snapshotIndex = 0;
  private directoryHash = 0;

  constructor(
    readonly site: Site,
    readonly clusterId: string,
    private initial: readonly Newcomer[],
  ) {
    this.before = storedDirectory(site.disk.member.store);
    this.machine = new GroupMachine(this.tally, () => this.directoryChanged());
    this.nonces = new JoinNonces(Uint8Array.from({ length: 32 }, () => site.random.nextInt(256)));
    this.steward = new SimulatedSteward(this);
    this.orders = new SimulatedOrders(this);
  }

  begin(): void {
    this.setPeers();
    this.site.disk.member.start();
    this.steward.begin();
  }

  get isLeader(): boolean {
    return this.role.isLeader;
  }

  get directory(): Directory {
    return this.machine.directory;
  }

  get latest(): Directory {
    return this.machine.directory === EMPTY_DIRECTORY ? this.before : this.machine.directory;
  }

  get appliedIndex(): number {
    return this.index;
  }

  get knowsNobody(): boolean {
    return this.latest.peers.length === 0 && this.initial.length === 0;
  }

  /** A leader said who belongs. */
  taught(peers: readonly Newcomer[]): void {
    if (!this.knowsNobody) return;
    this.initial = peers;
    this.setPeers();
  }

  setPeers(): void {
    this.peers = this.whereabouts.addresses(this.latest, this.initial);
  }

  leader(): { readonly nodeId: string; readonly httpUrl: string } | null {
    const { leaderId } = this.role;
    if (leaderId === null) return null;
    if (leaderId === this.site.nodeId) return { nodeId: leaderId, httpUrl: this.site.httpUrl };
    const peer: DirectoryPeer | null = peerNamed(this.directory, leaderId);
    return peer === null ? null : { nodeId: leaderId, httpUrl: this.whereabouts.differing(this.directory).get(leaderId)?.httpUrl ?? peer.httpUrl };
  }

  issueNonce(): string {
    const { random, world } = this.site;
    const salt = Array.from({ length: 4 }, () => random.nextUint32().toString(16).padStart(8, '0')).join('');
    return this.nonces.issue(world.clock.nowMs(), salt);
  }

  join(wish: Wish, answer: (reception: Reception) => void): void {
    const redemption = this.nonces.redeem(wish.nonce, this.site.world.clock.nowMs());
    if (redemption !== 'accepted' && this.site.fault !== 'takes wishes again') return answer({ kind: 'later', reason: `its nonce is ${redemption}` });
    this.orders.join(wish.request, answer);
  }

  /** Whether its transport talks to somebody who proved to be this one. */
  admits(clusterId: string, nodeId: string, storeId: string): boolean {
    if (clusterId !== this.clusterId || nodeId === this.site.nodeId || this.latest.tombstones.includes(storeId)) return false;
    const known = this.peers.find((peer) => peer.nodeId === nodeId)?.storeId ?? null;
    return known === null || known === storeId;
  }

  /** Whom it takes for the leader, if that one was heard lately. */
  get leaderInTouch(): string | null {
    const { site, role } = this;
    const { electionTicks, tickMs } = site.world.settings;
    const isHeard = role.isLeader || site.world.clock.nowMs() - (this.heardAtMs.get(role.leaderId ?? '') ?? -Infinity) < 2 * electionTicks * tickMs;
    return isHeard ? role.leaderId : null;
  }

  heard(nodeId: string): void {
    this.heardAtMs.set(nodeId, this.site.world.clock.nowMs());
  }

  /** Somebody connected, and said where he listens. */
  met(nodeId: string, address: string): void {
    if (!this.peers.some((peer) => peer.nodeId === nodeId && peer.address !== address)) return;
    this.peers = this.peers.map((peer) => (peer.nodeId === nodeId ? { ...peer, address } : peer));
    this.whereabouts.connected(this.latest, nodeId, address);
  }

  addressOf(message: Message): string | null {
    return this.peers.find(({ nodeId }) => nodeId === message.to)?.address ?? null;
  }

  /** Null: nobody knows what became of it. */
  command(command: DirectoryCommand, done: (answer: DirectoryAnswer | null) => void): void {
    this.propose(directoryEntry(command), done);
  }

  /** A command of the application: a number that is told from all others. */
  count(id: number, done: () => void): void {
    this.propose(applicationEntry(commandOf(id)), (answer) => answer !== null && done());
  }

  // From the Raft thread, in this order.

  restored(snapshot: Snapshot | null): void {
    this.site.main.immediately(() => {
      if (snapshot === null || snapshot.index === 0) return;
      this.machine.restore(snapshot.data, snapshot.index);
      this.index = snapshot.index;
      this.snapshotIndex = snapshot.index;
      this.stateIs();
    });
  }

  committed(entries: readonly Entry[]): void {
    this.site.main.immediately(() => {
      for (const entry of entries) this.apply(entry);
      this.compact();
    });
  }

  turned(raft: Raft): void {
    const { told } = this;
    const { isLeader, term } = raft;
    const { leaderId } = raft.status();
    if (told.isLeader === isLeader && told.term === term && told.leaderId === leaderId) return;
    const role = { isLeader, term, leaderId };
    this.told = role;
    this.site.main.immediately(() => (this.role = role));
  }

  private propose(data: Uint8Array, done: (answer: DirectoryAnswer | null) => void): void {
    const { main, disk } = this.site;
    let isDone = false;
    const once = (answer: DirectoryAnswer | null): void => {
      if (isDone) return;
      isDone = true;
      patience.cancel();
      done(answer);
    };
    const patience = main.wakeAfter(PROPOSE_MS_MAX, () => once(null));
    disk.member.order((raft) => {
      const proposed = raft.propose([data]);
      if (proposed.kind === 'appended') this.waiting.set(proposed.index, { term: proposed.term, done: once });
      else main.immediately(() => once(null));
    });
  }

  private apply(entry: Entry): void {
    if (entry.index !== this.index + 1) this.site.world.monitors.violate(`${this.site.nodeId} applies ${entry.index} after ${this.index}`);
    this.index = entry.index;
    const result = entry.kind === 'command' ? this.machine.apply(entry.data, entry.index, entry.term) : null;
    this.stateIs();
    const waiting = this.waiting.get(entry.index);
    this.waiting.delete(entry.index);
    if (waiting === undefined) return;
    const isOurs = waiting.term === entry.term && entry.kind === 'command';
    waiting.done(isOurs ? ((result ?? { refused: null }) as DirectoryAnswer) : null);
  }

  private stateIs(): void {
    const hash = new StateHash().number(this.tally.hash).number(this.directoryHash).uint32();
    this.site.world.monitors.applied(this.site, this.index, hash);
  }

  private directoryChanged(): void {
    this.directoryHash = new StateHash().text(JSON.stringify(this.machine.directory)).uint32();
    this.site.world.monitors.directory(this.site, this.machine.directory);
    this.setPeers();
  }

  private compact(): void {
    const { index, site } = this;
    if (index - this.snapshotIndex < site.world.settings.snapshotEntries) return;
    this.snapshotIndex = index;
    const data = wholeSnapshot(this.machine.snapshot());
    const { member } = site.disk;
    member.order(() => member.compact(index, data));
  }
}
