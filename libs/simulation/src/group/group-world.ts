/**
 * Coordinators with empty disks, the network between them and those who use and run them. What goes wrong when is `group-faults.ts`'s.
 */
import type { Message } from '@muster/raft';
import { RaftMember } from '../raft/raft-member.js';
import type { SeededRandom } from '../seeded-random.js';
import { ANY, SimulatedNetwork } from '../simulated-network.js';
import { StateHash } from '../state-hash.js';
import { VirtualClock } from '../virtual-clock.js';
import { GroupMonitors } from './group-monitors.js';
import type { GroupSettings } from './group-settings.js';
import { HttpModel } from './http-model.js';
import type { Wish } from './introducing.js';
import { type GroupFault, Site } from './site.js';

const RAFT = 'raft://';
const COUNT_EVERY_MS = 500;
const WISHES_MAX = 32;

export type GroupCounts = {
  starts: number;
  crashes: number;
  wipes: number;
  moves: number;
  removals: number;
  replacements: number;
  replays: number;
  founded: number;
  joined: number;
  acknowledged: number;
  messages: number;
};

export class GroupWorld {
  readonly clock = new VirtualClock();
  readonly network: SimulatedNetwork;
  readonly monitors: GroupMonitors;
  readonly sites: Site[] = [];
  readonly http: HttpModel<Site>;
  readonly counts: GroupCounts = { starts: 0, crashes: 0, wipes: 0, moves: 0, removals: 0, replacements: 0, replays: 0, founded: 0, joined: 0, acknowledged: 0, messages: 0 };
  /** Wishes to join that somebody wrote down on their way. */
  readonly wishes: Wish[] = [];
  isCalm = false;
  /** Told of each crash. */
  onCrashed: ((site: Site) => void) | null = null;
  /** Who has an address now; nobody gives one back to whom it belonged. */
  private readonly addresses = new Map<string, Site>();
  private readonly hash = new StateHash();
  private readonly work: SeededRandom;
  private lastAddress = 0;
  private commandId = 0;

  constructor(
    readonly settings: GroupSettings,
    private readonly random: SeededRandom,
    fault: GroupFault | null,
  ) {
    const { clock } = this;
    this.network = new SimulatedNetwork(clock, random.fork('network'));
    this.network.change(ANY, ANY, { delayMsTail: settings.delayMsTail, delayMsMax: 20 * settings.delayMsTail + 50, lossRate: settings.lossRate });
    this.work = random.fork('work');
    this.monitors = new GroupMonitors(this);
    this.http = new HttpModel(clock, this.network, (url) => this.addresses.get(url) ?? null);
    for (let at = 0; at < settings.candidates; at++) this.addSite().fault = fault;
  }

  /** A machine with an empty disk. */
  addSite(): Site {
    const nodeId = `n${this.sites.length + 1}`;
    const site = new Site(nodeId, this, this.random.fork(nodeId));
    this.sites.push(site);
    this.move(site);
    return site;
  }

  begin(): void {
    this.countLater();
  }

  digest(): string {
    return this.hash.digest();
  }

  /** It is found at another address when it starts again. */
  move(site: Site): void {
    const number = ++this.lastAddress;
    site.crash();
    site.httpUrl = `http://h${number}:8081`;
    site.raftUrl = `${RAFT}h${number}:7081`;
    this.addresses.set(site.httpUrl, site);
    this.addresses.set(site.raftUrl, site);
  }

  /** Another machine has the addresses of this one from now on, and this one those. */
  swap(one: Site, other: Site): void {
    for (const site of [one, other]) site.crash();
    [one.httpUrl, one.raftUrl, other.httpUrl, other.raftUrl] = [other.httpUrl, other.raftUrl, one.httpUrl, one.raftUrl];
    for (const site of [one, other]) {
      this.addresses.set(site.httpUrl, site);
      this.addresses.set(site.raftUrl, site);
    }
  }

  /** What a list or DNS gives it: of those that are, and not all of them each time. */
  discover(by: Site): string[] {
    const { settings, isCalm } = this;
    return this.sites.filter(() => isCalm || by.random.chance(settings.discoverRate)).map(({ httpUrl }) => httpUrl);
  }

  overheard(wish: Wish): void {
    this.wishes.push(wish);
    if (this.wishes.length > WISHES_MAX) this.wishes.splice(this.work.nextInt(this.wishes.length), 1);
  }

  siteEnded(site: Site): void {
    this.counts.crashes += 1;
    this.monitors.crashed(site);
    this.onCrashed?.(site);
  }

  newMember(site: Site, storeId: string, onCrashed: () => void): RaftMember {
    const { settings, clock } = this;
    const { electionTicks, heartbeatTicks } = settings;
    return new RaftMember(site.nodeId, null, settings, { electionTicks, heartbeatTicks }, 1, site.random.fork(storeId), {
      clock,
      send: (message) => this.send(site, message),
      onWriting: (of, raft, ready) => this.monitors.of(site)?.writing(of, raft, ready),
      onSaid: (_, message) => this.monitors.said(site, message),
      onRestored: (_, snapshot) => site.membership?.restored(snapshot),
      onApplied: (_, entries) => site.membership?.committed(entries),
      onRead: () => undefined,
      onTurned: (of, raft) => {
        this.monitors.of(site)?.turned(of, raft);
        site.membership?.turned(raft);
      },
      onCrashed,
    });
  }

  /** The one that leads the highest term as far as it knows itself. */
  leader(): Site | null {
    let found: Site | null = null;
    for (const site of this.sites) {
      if (site.isRunning && site.membership?.isLeader === true && site.membership.role.term > (found?.membership?.role.term ?? -1)) found = site;
    }
    return found;
  }

  /** Whether bytes go to this member and back, and both admit the other. */
  isConnected(from: Site, nodeId: string, address: string): boolean {
    const to = this.addresses.get(`${RAFT}${address}`);
    if (to === undefined || !to.isRunning || to.nodeId !== nodeId) return false;
    if (this.network.link(from.place, to.place).isCut || this.network.link(to.place, from.place).isCut) return false;
    return areAcquainted(from, to);
  }

  private send(from: Site, message: Message): void {
    const address = from.membership?.addressOf(message) ?? null;
    if (address === null) return;
    const to = this.addresses.get(`${RAFT}${address}`);
    if (to === undefined || to.nodeId !== message.to) return;
    const { disk: sent } = from;
    this.network.send(from.place, to.place, () => {
      // A connection ends with the process that opened it, on either side.
      if (from.disk !== sent || !areAcquainted(from, to)) return;
      this.counts.messages += 1;
      this.hash.word(Math.imul(message.term, 31) ^ (message.kind.length << 20) ^ (this.clock.nowMs() << 5) ^ (to.nodeId.charCodeAt(1) << 8) ^ from.nodeId.charCodeAt(1));
      to.main.receive(() => to.membership?.met(from.nodeId, from.raftUrl.slice(RAFT.length)));
      to.membership?.heard(from.nodeId);
      to.disk.member.receive(message);
    });
  }

  private countLater(): void {
    this.clock.after(this.work.exponential(COUNT_EVERY_MS), () => {
      for (const site of this.sites) if (site.membership?.isLeader === true) site.membership.count(++this.commandId, () => (this.counts.acknowledged += 1));
      this.countLater();
    });
  }
}

/** Both belong to a group, and each lets the other in. */
function areAcquainted(from: Site, to: Site): boolean {
  const [ours, theirs] = [from.membership, to.membership];
  if (ours === null || theirs === null) return false;
  return theirs.admits(ours.clusterId, from.nodeId, from.disk.storeId) && ours.admits(theirs.clusterId, to.nodeId, to.disk.storeId);
}
