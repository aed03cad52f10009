/**
 * Looks after a member of a group that is formed, twice a second: says where we are when the directory does not know, looks for members that cannot
 * be reached, and as the leader does what `duties.ts` asks. What fails is tried again.
 */
import type { Logger, RaftJoin } from '@muster/contracts';
import { RaftUnavailable } from '../driver/raft-errors.js';
import type { RaftNode } from '../driver/raft-node.js';
import { hasToAnnounce, leaderUrlIn } from './announcing.js';
import { type DirectoryCommand, isAt, type Newcomer, peerNamed } from './directory.js';
import { type Duty, nextDuty } from './duties.js';
import { directoryEntry } from './envelope.js';
import type { DirectoryAnswer, GroupMachine } from './group-machine.js';
import type { Introductions } from './introductions.js';
import { followersOf, KeepingUp } from './keeping-up.js';
import { pause } from './pause.js';
import type { Whereabouts } from './whereabouts.js';

export interface StewardOptions {
  readonly self: RaftJoin;
  readonly clusterId: string;
  readonly node: RaftNode;
  readonly machine: GroupMachine;
  readonly whereabouts: Whereabouts;
  readonly introductions: Introductions;
  /** Tells the transport where everybody is. */
  readonly setPeers: () => void;
  /** It was taken in and ended before it had any of the log: it cannot even answer a leader that calls it. */
  readonly knowsNobody: () => boolean;
  /** A leader said who belongs. */
  readonly taught: (peers: readonly Newcomer[]) => void;
  /** Length of a tick. Milliseconds. */
  readonly tickMs: number;
  readonly promoteAfterMs: number;
  readonly electionTimeoutMs: number;
  readonly logger: Logger;
}

/** What a steward counts. */
export const NO_STEWARDSHIP = { duties: 0, dutiesFailed: 0, searches: 0, announcements: 0 };
const ROUND_MS = 200;
const LAG_MAX = 100;
const SEEK_MS_MIN = 500;
const SEEK_MS_MAX = 5000;
const CHANGE_MS_MAX = 3000;

export class Steward {
  /** Why the group will not have us, once it said so. */
  removed: string | null = null;
  readonly counts = { ...NO_STEWARDSHIP };
  private readonly keepingUp: KeepingUp;
  private seekAtMs = 0;
  private seekEveryMs = SEEK_MS_MIN;
  private lastTrouble = '';

  constructor(private readonly options: StewardOptions) {
    this.keepingUp = new KeepingUp({ lagMax: LAG_MAX, silentMsMax: options.electionTimeoutMs, steadyMs: options.promoteAfterMs });
  }

  /** Resolves once it is told to end. */
  async run(signal: AbortSignal): Promise<void> {
    // Each on its own: whoever does not answer must not keep a leader from its duties.
    await Promise.all([this.repeat(() => this.serve(), signal), this.repeat(() => this.seek(signal), signal)]);
  }

  private async repeat(work: () => Promise<void>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await work().catch((error: unknown) => this.trouble(error));
      await pause(ROUND_MS, signal);
    }
  }

  private async serve(): Promise<void> {
    const { node, machine, whereabouts, tickMs, self } = this.options;
    if (node.role.role !== 'leader') return this.keepingUp.forget();
    const status = await node.status();
    if (status.role !== 'leader') return;
    const ready = this.keepingUp.observe(followersOf(status, tickMs), performance.now());
    const found = new Map(whereabouts.differing(machine.directory));
    if (!this.isWhereItSays()) found.set(self.nodeId, self);
    const duty = nextDuty({ directory: machine.directory, config: status.config, ready, steady: new Set([...ready, self.nodeId]), found });
    if (duty === null) return;
    this.counts.duties += 1;
    await this.perform(duty).catch((error: unknown) => {
      this.counts.dutiesFailed += 1;
      throw error;
    });
  }

  private async perform(duty: Duty): Promise<void> {
    const { node, logger } = this.options;
    switch (duty.kind) {
      case 'change':
        await node.changeConfig(duty.change, CHANGE_MS_MAX);
        return logger.info({ ...duty.change }, 'Raft members changed');
      case 'directory':
        return this.command(duty.command);
    }
  }

  private async command(command: DirectoryCommand): Promise<void> {
    const { result } = await this.options.node.propose(directoryEntry(command), CHANGE_MS_MAX);
    const { refused } = result as DirectoryAnswer;
    if (refused !== null) throw new RaftUnavailable('refused', refused);
    this.options.logger.info({ ...command }, 'Raft directory changed');
  }

  /** Asks around while somebody cannot be reached, or the directory has us where we are not. */
  private async seek(signal: AbortSignal): Promise<void> {
    const { introductions, whereabouts, machine, clusterId, setPeers, node, self } = this.options;
    const isLost = this.options.knowsNobody();
    if (!isLost && this.isWhereItSays() && !this.missesSomebody()) {
      this.seekEveryMs = SEEK_MS_MIN;
      return;
    }
    if (performance.now() < this.seekAtMs) return;
    this.counts.searches += 1;
    const found = await introductions.ask(signal);
    this.seekAtMs = performance.now() + this.seekEveryMs;
    this.seekEveryMs = Math.min(SEEK_MS_MAX, this.seekEveryMs * 2);
    if (whereabouts.introduced(machine.directory, clusterId, found.introductions)) setPeers();
    // A leader that others have and we do not may have removed us while we were away.
    const { config, hasQuorum, leaderId } = node.pulse();
    if (!hasToAnnounce({ nodeId: self.nodeId, leaderId: hasQuorum ? leaderId : null, config, isWhereItSays: this.isWhereItSays(), isLost })) return;
    const leaderUrl = leaderUrlIn(found.introductions, clusterId, self.storeId);
    if (leaderUrl !== null && node.role.role !== 'leader') await this.announce(leaderUrl, signal);
  }

  private async announce(url: string, signal: AbortSignal): Promise<void> {
    this.counts.announcements += 1;
    const reception = await this.options.introductions.join(url, this.options.self, signal);
    this.removed = reception.kind === 'refused' ? reception.reason : null;
    if (reception.kind === 'welcome') this.options.taught(reception.answer.peers);
    else this.trouble(reception.reason);
  }

  private isWhereItSays(): boolean {
    const { machine, self } = this.options;
    const entry = peerNamed(machine.directory, self.nodeId);
    // Before the log has come the directory knows nobody.
    return entry === null ? machine.directory.peers.length === 0 : entry.leaving || isAt(entry, self);
  }

  private missesSomebody(): boolean {
    const { node, self } = this.options;
    const { leaderId, peers, config } = node.pulse();
    if (leaderId === null && config.voters.some((voter) => voter !== self.nodeId)) return true;
    return peers.some(({ isConnected }) => !isConnected);
  }

  private trouble(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    if (text === this.lastTrouble) return;
    this.lastTrouble = text;
    this.options.logger.warn({ trouble: text }, 'Raft membership: tried again soon');
  }
}
