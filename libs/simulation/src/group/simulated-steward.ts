/** The shell of `steward.ts` of raft-node in callbacks: performs duties as the leader, and looks for members that cannot be reached. */
import { NO_PEERS, type RaftStatus } from '@muster/raft';
import { type Addresses, type Duty, followersOf, hasToAnnounce, KeepingUp, leaderUrlIn, nextDuty, peerNamed } from '@muster/raft-node';
import { askAround, askToJoin } from './introducing.js';
import type { SimulatedMembership } from './simulated-membership.js';

const ROUND_MS = 200;
const LAG_MAX = 100;
const SEEK_MS_MIN = 500;
const SEEK_MS_MAX = 5000;
/** A change of the configuration takes effect with its entry; who asked waits a little before it looks again. Milliseconds. */
const CHANGE_MS = 300;

export class SimulatedSteward {
  /** Why the group will not have us, once it said so. */
  removed: string | null = null;
  private readonly keepingUp: KeepingUp;
  private seekAtMs = 0;
  private seekEveryMs = SEEK_MS_MIN;

  constructor(private readonly membership: SimulatedMembership) {
    const { settings } = membership.site.world;
    this.keepingUp = new KeepingUp({ lagMax: LAG_MAX, silentMsMax: settings.electionTicks * settings.tickMs, steadyMs: settings.promoteAfterMs });
  }

  begin(): void {
    this.serveLater(ROUND_MS);
    this.seekLater();
  }

  private serveLater(afterMs: number): void {
    this.membership.site.main.wakeAfter(afterMs, () => this.serve());
  }

  private serve(): void {
    const { site, role } = this.membership;
    if (!role.isLeader) {
      this.keepingUp.forget();
      return this.serveLater(ROUND_MS);
    }
    site.disk.member.order((raft) => {
      const status = raft.status();
      site.main.immediately(() => this.decide(status));
    });
  }

  private decide(status: RaftStatus): void {
    const { site, whereabouts, directory } = this.membership;
    if (status.role !== 'leader') return this.serveLater(ROUND_MS);
    const { settings, clock } = site.world;
    const ready = this.keepingUp.observe(followersOf(status, settings.tickMs), clock.nowMs());
    const found = new Map<string, Addresses>(whereabouts.differing(directory));
    if (!this.isWhereItSays()) found.set(site.nodeId, site.self);
    const duty = nextDuty({ directory, config: status.config, ready, steady: new Set([...ready, site.nodeId]), found });
    if (duty === null) return this.serveLater(ROUND_MS);
    this.perform(duty);
  }

  private perform(duty: Duty): void {
    const { site } = this.membership;
    switch (duty.kind) {
      case 'change':
        site.disk.member.order((raft) => void raft.changeConfig(duty.change));
        return this.serveLater(CHANGE_MS);
      case 'directory':
        return this.membership.command(duty.command, () => this.serveLater(ROUND_MS));
    }
  }

  private seekLater(): void {
    this.membership.site.main.wakeAfter(ROUND_MS, () => this.seek());
  }

  private seek(): void {
    const { site, knowsNobody, whereabouts, clusterId } = this.membership;
    const { clock } = site.world;
    if (!knowsNobody && this.isWhereItSays() && !this.missesSomebody()) {
      this.seekEveryMs = SEEK_MS_MIN;
      return this.seekLater();
    }
    if (clock.nowMs() < this.seekAtMs) return this.seekLater();
    askAround(site, (introductions) => {
      this.seekAtMs = clock.nowMs() + this.seekEveryMs;
      this.seekEveryMs = Math.min(SEEK_MS_MAX, this.seekEveryMs * 2);
      if (whereabouts.introduced(this.membership.directory, clusterId, introductions)) this.membership.setPeers();
      const { role } = this.membership;
      if (!this.hasToAnnounce(knowsNobody)) return this.seekLater();
      const url = leaderUrlIn(introductions, clusterId, site.disk.storeId);
      if (url === null || role.isLeader) return this.seekLater();
      this.announce(url);
    });
  }

  private announce(url: string): void {
    askToJoin(this.membership.site, url, (reception) => {
      this.removed = reception.kind === 'refused' ? reception.reason : null;
      if (reception.kind === 'welcome') this.membership.taught(reception.peers);
      this.seekLater();
    });
  }

  private hasToAnnounce(isLost: boolean): boolean {
    const { site, leaderInTouch } = this.membership;
    const config = site.disk.member.raft?.config ?? NO_PEERS;
    return hasToAnnounce({ nodeId: site.nodeId, leaderId: leaderInTouch, config, isWhereItSays: this.isWhereItSays(), isLost });
  }

  private isWhereItSays(): boolean {
    const { directory, site } = this.membership;
    const entry = peerNamed(directory, site.nodeId);
    if (entry === null) return directory.peers.length === 0;
    return entry.leaving || (entry.httpUrl === site.httpUrl && entry.raftUrl === site.raftUrl);
  }

  private missesSomebody(): boolean {
    const { site, role, peers } = this.membership;
    const voters = site.disk.member.raft?.config.voters ?? [];
    if (role.leaderId === null && voters.some((voter) => voter !== site.nodeId)) return true;
    if (role.leaderId !== null && role.leaderId !== site.nodeId && !peers.some(({ nodeId }) => nodeId === role.leaderId)) return true;
    return peers.some(({ nodeId, address }) => nodeId !== site.nodeId && !site.world.isConnected(site, nodeId, address));
  }
}
