/** A member whose store belongs to a group: starts its Raft node, tells it where the others are, and sees that somebody looks after it. */
import type { Logger, RaftJoin } from '@muster/contracts';
import type { Restored } from '@muster/raft';
import type { Pulse, Role } from '../driver/messages.js';
import { NO_PULSE } from '../driver/pulse.js';
import { RaftNode, type StateMachine } from '../driver/raft-node.js';
import type { RaftStore } from '../store/raft-store.js';
import type { TlsOptions } from '../transport/channel.js';
import { applyDirectory, type Directory, type DirectoryPeer, EMPTY_DIRECTORY, type Newcomer } from './directory.js';
import { openEntry, openSnapshot } from './envelope.js';
import { GroupMachine } from './group-machine.js';
import type { Introductions } from './introductions.js';
import type { PortHold } from './port-hold.js';
import { NO_STEWARDSHIP, Steward } from './steward.js';
import { TroubleLog } from './trouble-log.js';
import { Whereabouts } from './whereabouts.js';

export interface MemberOptions {
  readonly self: RaftJoin;
  readonly clusterId: string;
  readonly secret: string;
  readonly tls: TlsOptions | null;
  readonly storePath: string;
  readonly host: string;
  readonly heartbeatMs: number;
  readonly electionTimeoutMs: number;
  readonly snapshotEntries?: number;
  readonly keepEntries?: number;
  readonly promoteAfterMs?: number;
  /** Open; the Raft node opens it for itself once it is closed here. */
  readonly store: RaftStore;
  readonly hold: PortHold;
  /** The members as they were when we came to belong; empty when the store knows better. */
  readonly initial: readonly Newcomer[];
  readonly introductions: Introductions;
  readonly logger: Logger;
  readonly onRole?: (role: Role) => void;
  readonly onFailed: (text: string) => void;
}

export const TICK_MS = 10;
const PROMOTE_AFTER_MS = 2000;

export class Member {
  private readonly ending = new AbortController();
  private work: Promise<void> = Promise.resolve();

  private constructor(
    readonly clusterId: string,
    readonly node: RaftNode,
    private readonly machine: GroupMachine,
    private readonly whereabouts: Whereabouts,
    private readonly steward: Steward,
  ) {}

  /** Throws `StoreDamaged`, `StoreUnusable`, or that the port is in use. */
  static async start(options: MemberOptions, application: StateMachine): Promise<Member> {
    const { self, clusterId, secret, tls, storePath, host, store, hold, logger, onFailed } = options;
    const { tickMs, heartbeatTicks, electionTicks } = ticksOf(options);
    // Whom to let in is known before anybody can call: nobody who was removed comes back while we start.
    const before = directoryIn(store.restore());
    store.close();
    await hold.release();
    const whereabouts = new Whereabouts();
    let { initial } = options;
    let node: RaftNode | null = null;
    const peersOf = (directory: Directory) => ({ peers: whereabouts.addresses(directory, initial), removedStoreIds: directory.tombstones });
    const setPeers = (): void => node?.setPeers(peersOf(latest()));
    const machine = new GroupMachine(application, setPeers);
    const latest = (): Directory => (machine.directory === EMPTY_DIRECTORY ? before : machine.directory);
    const onAddress = (nodeId: string, address: string): void => whereabouts.connected(latest(), nodeId, address);
    const troubles = new TroubleLog(logger);
    const onTrouble = (text: string): void => troubles.note(text, performance.now());
    const { port } = hold;
    const { snapshotEntries, keepEntries, onRole } = options;
    const tuning = { ...(snapshotEntries === undefined ? {} : { snapshotEntries }), ...(keepEntries === undefined ? {} : { keepEntries }), ...(onRole === undefined ? {} : { onRole }) };
    const advertise = self.raftUrl.slice('raft://'.length);
    node = await RaftNode.start({ nodeId: self.nodeId, clusterId, secret, tls, storePath, host, port, advertise, peers: peersOf(before), found: null, tickMs, heartbeatTicks, electionTicks, onAddress, onTrouble, onFailed, ...tuning }, machine);
    setPeers();
    const { introductions, electionTimeoutMs, promoteAfterMs = PROMOTE_AFTER_MS } = options;
    const knowsNobody = (): boolean => latest().peers.length === 0 && initial.length === 0;
    const taught = (peers: readonly Newcomer[]): void => {
      if (!knowsNobody()) return;
      initial = peers;
      setPeers();
    };
    const steward = new Steward({ self, clusterId, node, machine, whereabouts, introductions, setPeers, knowsNobody, taught, tickMs, promoteAfterMs, electionTimeoutMs, logger });
    const member = new Member(clusterId, node, machine, whereabouts, steward);
    member.work = steward.run(member.ending.signal);
    return member;
  }

  get directory(): Directory {
    return this.machine.directory;
  }

  /** What the group said when it refused us for good; else null. */
  get removed(): string | null {
    return this.steward.removed;
  }

  /** Where it answers HTTP as far as we know. */
  httpUrlOf(peer: DirectoryPeer): string {
    return this.whereabouts.differing(this.directory).get(peer.nodeId)?.httpUrl ?? peer.httpUrl;
  }

  counters(): Record<string, number> {
    return { ...countersIn(this.node.pulse()), ...this.steward.counts };
  }

  async stop(): Promise<void> {
    this.ending.abort();
    await this.node.stop();
    await this.work;
  }
}

/** Before it is a member it has counted nothing; what it will count is known by name all the same. */
export function noCounters(): Record<string, number> {
  return { ...countersIn(NO_PULSE), ...NO_STEWARDSHIP };
}

function countersIn({ transport, counts, diskFreeBytes }: Pick<Pulse, 'transport' | 'counts' | 'diskFreeBytes'>): Record<string, number> {
  const { sent, received, dropped, refused, crowdedOut } = transport;
  return { messagesSent: sent, messagesReceived: received, messagesDropped: dropped, callersRefused: refused, callersCrowdedOut: crowdedOut, ...counts, diskFreeBytes: diskFreeBytes ?? Number.NaN };
}

/** The directory as of what the store knows to be committed. */
function directoryIn({ snapshot, entries, hard }: Restored): Directory {
  let { directory } = snapshot === null ? { directory: EMPTY_DIRECTORY } : openSnapshot(snapshot.data);
  for (const entry of entries) {
    if (entry.kind !== 'command' || entry.index > hard.commit) continue;
    const opened = openEntry(entry.data);
    if (opened.kind === 'directory') ({ directory } = applyDirectory(directory, opened.command));
  }
  return directory;
}

function ticksOf({ heartbeatMs, electionTimeoutMs }: Pick<MemberOptions, 'heartbeatMs' | 'electionTimeoutMs'>): { readonly tickMs: number; readonly heartbeatTicks: number; readonly electionTicks: number } {
  const heartbeatTicks = Math.max(1, Math.round(heartbeatMs / TICK_MS));
  return { tickMs: TICK_MS, heartbeatTicks, electionTicks: Math.max(5 * heartbeatTicks, Math.round(electionTimeoutMs / TICK_MS)) };
}
