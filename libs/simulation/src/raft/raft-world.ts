/** A group of the real core in one thread: members, network, those who propose and read, and the monitors. What goes wrong when is `raft-faults.ts`'s. */
import type { ConfigChange, Configuration, Entry, Message, PeerId, Raft, ReadAnswer, RaftOptions } from '@muster/raft';
import type { SeededRandom } from '../seeded-random.js';
import { ANY, LOST, SimulatedNetwork } from '../simulated-network.js';
import { StateHash } from '../state-hash.js';
import { Happening, VirtualClock } from '../virtual-clock.js';
import { AppliedState, commandOf, idOf } from './applied-state.js';
import { RaftMember } from './raft-member.js';
import { RaftMonitors } from './raft-monitors.js';
import type { RaftSettings } from './raft-settings.js';

/** Messages of which some come again, much later. Count. */
const STALE_MAX = 64;
const STALE_MS_MAX = 30_000;
/** Reads that nobody answered are forgotten in order. Count. */
const READS_MAX = 1000;

class Delivery extends Happening {
  constructor(
    private readonly world: RaftWorld,
    private readonly message: Message,
  ) {
    super();
  }

  happen(): void {
    this.world.deliver(this.message);
  }
}

/** What a member's process remembers of its own proposals: they are answered when applied, unknown when it ends. */
interface Promised {
  readonly term: number;
  readonly id: number;
}

export type RaftCounts = {
  crashes: number;
  changes: number;
  handOvers: number;
  snapshots: number;
  proposed: number;
  acknowledged: number;
  overtaken: number;
  reads: number;
  messages: number;
};

export class RaftWorld {
  readonly clock = new VirtualClock();
  readonly network: SimulatedNetwork;
  readonly members = new Map<PeerId, RaftMember>();
  readonly ids: readonly PeerId[];
  readonly monitors: RaftMonitors;
  readonly counts: RaftCounts = { crashes: 0, changes: 0, handOvers: 0, snapshots: 0, proposed: 0, acknowledged: 0, overtaken: 0, reads: 0, messages: 0 };
  isCalm = false;
  /** Messages of before arrive then at the latest. */
  cloggedUntilMs = 0;
  /** Told of each crash. */
  onCrashed: ((id: PeerId) => void) | null = null;
  private readonly states = new Map<PeerId, AppliedState>();
  private readonly promises = new Map<PeerId, Map<number, Promised>>();
  /** Commands that will never be applied, as their proposers were told. */
  private readonly overtaken = new Set<number>();
  private readonly reads = new Map<number, { readonly by: PeerId; readonly floor: number }>();
  private readonly hash = new StateHash();
  private readonly stale: Message[] = [];
  private readonly work: SeededRandom;
  private readonly wire: SeededRandom;
  private commandId = 0;
  private requestId = 0;

  constructor(
    readonly settings: RaftSettings,
    random: SeededRandom,
  ) {
    const { members, spares, clockRateError } = settings;
    this.network = new SimulatedNetwork(this.clock, random.fork('network'));
    this.work = random.fork('work');
    this.wire = random.fork('stale');
    this.monitors = new RaftMonitors(this.members, () => this.clock.nowMs());
    this.ids = Array.from({ length: members + spares }, (_, at) => `n${at + 1}`);
    const first: Configuration = { voters: this.ids.slice(0, members), outgoing: [], learners: [] };
    for (const id of this.ids) {
      const own = random.fork(id);
      this.members.set(id, new RaftMember(id, first.voters.includes(id) ? first : null, settings, this.options(), 1 + own.between(-clockRateError, clockRateError), own, this.host()));
      this.states.set(id, new AppliedState());
      this.promises.set(id, new Map());
    }
    const { delayMsTail, lossRate, duplicationRate, reorderRate } = settings;
    this.network.change(ANY, ANY, { delayMsTail, delayMsMax: 40 * delayMsTail, lossRate, duplicationRate, reorderRate, reorderMs: 20 * delayMsTail });
  }

  start(): void {
    for (const member of this.members.values()) member.start();
    this.proposeLater();
    this.readLater();
  }

  digest(): string {
    return this.hash.digest();
  }

  /** Ends every fault of network, disks and processes. */
  calm(): void {
    this.isCalm = true;
    for (const from of this.ids) for (const to of this.ids) this.network.change(from, to, null);
    this.network.change(ANY, ANY, { lossRate: 0, delayMsTail: 1, delayMsMax: 50, reorderRate: 0 });
    for (const member of this.members.values()) {
      member.isCalm = true;
      member.diskStillUntilMs = 0;
    }
  }

  deliver(message: Message): void {
    const { to, from, kind, term } = message;
    this.counts.messages += 1;
    this.hash.word(Math.imul(term, 31) ^ (kind.length << 20) ^ (this.clock.nowMs() << 5) ^ (to.charCodeAt(1) << 8) ^ from.charCodeAt(1));
    this.members.get(to)?.receive(message);
  }

  /** Asks one of those who think that they lead. */
  change(change: ConfigChange): void {
    const leader = this.leader();
    leader?.order((raft) => {
      if (this.isCalm) return;
      // With two voters left the crash of one rightly stops everything, which is not what is looked for.
      if (raft.config.voters.length <= 2 && this.settings.members > 2 && (change.remove !== undefined || change.addLearners !== undefined)) return;
      if (raft.changeConfig(change).kind === 'appended') this.counts.changes += 1;
    });
  }

  handOver(to: PeerId): void {
    this.leader()?.order((raft) => {
      if (raft.transferLeadership(to).kind === 'transferring') this.counts.handOvers += 1;
    });
  }

  /** The running leader of the highest term, if there is one. */
  leader(): RaftMember | null {
    let found: RaftMember | null = null;
    for (const member of this.members.values()) {
      if (member.raft?.isLeader === true && member.raft.term > (found?.raft?.term ?? -1)) found = member;
    }
    return found;
  }

  stateOf(id: PeerId): AppliedState {
    const state = this.states.get(id);
    if (state === undefined) throw new Error(`there is no member '${id}'`);
    return state;
  }

  private options(): Omit<RaftOptions, 'id' | 'random'> {
    const { electionTicks, heartbeatTicks, leases, appendBytesMax, snapshotChunkBytes, inFlightMax } = this.settings;
    return { electionTicks, heartbeatTicks, leases, appendBytesMax, snapshotChunkBytes, inFlightMax };
  }

  private host(): ConstructorParameters<typeof RaftMember>[6] {
    const { clock, monitors } = this;
    return {
      clock,
      send: (message) => this.send(message),
      onWriting: (member, raft, ready) => monitors.writing(member, raft, ready),
      onSaid: ({ id }, message) => {
        if (message.kind === 'vote' || message.kind === 'vote-reply') monitors.said(id, message);
      },
      onRestored: ({ id }, snapshot) => {
        const state = this.stateOf(id);
        if (!state.restore(snapshot)) monitors.violate(`${id} got a snapshot that is not as it was made`);
        if (state.index > 0) monitors.applied(id, state.index, state.hash);
        this.promises.get(id)?.clear();
      },
      onApplied: ({ id }, entries) => this.apply(id, entries),
      onRead: ({ id }, answer) => this.answered(id, answer),
      onTurned: (member, raft) => {
        monitors.turned(member, raft);
        if (raft.appliedIndex - member.store.snapshotIndex >= this.settings.snapshotEntries) this.compact(member, raft.appliedIndex);
      },
      onCrashed: ({ id }) => {
        monitors.crashed(id);
        this.counts.crashes += 1;
        this.onCrashed?.(id);
      },
    };
  }

  private compact(member: RaftMember, index: number): void {
    this.counts.snapshots += 1;
    member.compact(index, this.stateOf(member.id).encode(this.settings.stateBytes));
  }

  private send(message: Message): void {
    const { clock, wire, settings, stale } = this;
    const link = this.network.link(message.from, message.to);
    const nowMs = clock.nowMs();
    const atMs = link.arrivalMs(nowMs);
    if (atMs !== LOST) clock.plan(atMs, new Delivery(this, message));
    const againMs = link.duplicateMs(nowMs);
    if (againMs !== LOST) clock.plan(againMs, new Delivery(this, message));
    if (this.isCalm || !wire.chance(settings.staleRate)) return;
    stale.push(message);
    if (stale.length > STALE_MAX) stale.shift();
    const again = stale[wire.nextInt(stale.length)];
    if (again !== undefined) clock.plan(nowMs + wire.between(0, STALE_MS_MAX), new Delivery(this, again));
  }

  private apply(id: PeerId, entries: readonly Entry[]): void {
    const state = this.stateOf(id);
    const promised = this.promises.get(id);
    for (const entry of entries) {
      if (entry.index !== state.index + 1) this.monitors.violate(`${id} applies ${entry.index} after ${state.index}`);
      const isFirst = entry.index > this.monitors.appliedIndex;
      state.apply(entry);
      this.monitors.applied(id, entry.index, state.hash);
      if (isFirst && entry.kind === 'command' && this.overtaken.has(idOf(entry.data))) this.monitors.violate(`${id} applies ${entry.index}, whose proposer was told that it never would be`);
      const ours = promised?.get(entry.index);
      if (ours === undefined) continue;
      promised?.delete(entry.index);
      this.settle(id, entry, ours);
    }
    this.hash.word(state.hash);
  }

  /** The proposer learns what became of it: agreed, or overtaken by another leader's entry. */
  private settle(id: PeerId, entry: Entry, { term, id: commandId }: Promised): void {
    if (entry.term !== term) {
      this.counts.overtaken += 1;
      this.overtaken.add(commandId);
      return;
    }
    if (entry.kind !== 'command' || idOf(entry.data) !== commandId) this.monitors.violate(`${id} acknowledges ${commandId} at ${entry.index}, where something else was applied`);
    this.counts.acknowledged += 1;
  }

  private answered(id: PeerId, { requestId, index }: ReadAnswer): void {
    const asked = this.reads.get(requestId);
    this.reads.delete(requestId);
    if (asked === undefined || asked.by !== id || index === null) return;
    this.counts.reads += 1;
    if (index < asked.floor) this.monitors.violate(`${id} may read at ${index}, but ${asked.floor} was applied before it asked`);
  }

  private proposeLater(): void {
    this.clock.after(this.work.exponential(1000 / this.settings.proposalsPerSecond), () => {
      this.propose();
      this.proposeLater();
    });
  }

  /** To everybody who thinks that he leads. */
  propose(): void {
    for (const member of this.members.values()) {
      if (member.raft?.isLeader !== true) continue;
      const id = ++this.commandId;
      member.order((raft) => this.proposeTo(member.id, raft, id));
    }
  }

  private proposeTo(memberId: PeerId, raft: Raft, id: number): void {
    const proposed = raft.propose([commandOf(id)]);
    if (proposed.kind !== 'appended') return;
    this.counts.proposed += 1;
    this.promises.get(memberId)?.set(proposed.index, { term: proposed.term, id });
  }

  private readLater(): void {
    if (this.settings.readsPerSecond === 0) return;
    this.clock.after(this.work.exponential(1000 / this.settings.readsPerSecond), () => {
      this.read();
      this.readLater();
    });
  }

  private read(): void {
    const by = this.ids[this.work.nextInt(this.ids.length)] ?? '';
    const requestId = ++this.requestId;
    this.reads.set(requestId, { by, floor: this.monitors.appliedIndex });
    this.reads.delete(requestId - READS_MAX);
    this.members.get(by)?.order((raft) => raft.requestRead(requestId));
  }
}
