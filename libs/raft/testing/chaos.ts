/**
 * A group under random faults: loss, repetition, delay, reordering, one-way cuts, crashes before and after writes, snapshots, handovers, changes
 * of members, reads. `Monitors` check each promise as it is made; after the faults the group must come to agree (liveness).
 */
import { type ConfigChange, founded, type Message, type PeerId, Raft, type Ready } from '../src/index.js';
import { newStore, randomOf, type Store, textOf, textsOf, write } from './group.js';
import { Monitors } from './monitors.js';

export interface Chaos {
  readonly members: number;
  /** Share of messages that are lost. */
  readonly loss: number;
  /** Chance per member and step to crash. */
  readonly crash: number;
  /** Chance per step that the cuts between members are drawn anew. */
  readonly cut: number;
  /** Chance per step that members are changed, or leadership handed over. */
  readonly change: number;
  /** Reads by lease. All clocks run at one speed then, and nobody is said to be gone who is not. */
  readonly leases?: boolean;
  readonly steps?: number;
}

export interface ChaosResult {
  readonly violations: string[];
  readonly elections: number;
  readonly committed: number;
  readonly crashes: number;
  readonly changes: number;
  readonly reads: number;
}

/** A coordinator's store cannot be wiped behind its back: what is written stays written. */
class World {
  readonly monitors = new Monitors();
  step = 0;
  private readonly ids: PeerId[];
  private readonly stores = new Map<PeerId, Store>();
  private readonly running = new Map<PeerId, Raft>();
  private readonly applied = new Map<PeerId, string[]>();
  private readonly reads = new Map<number, { by: PeerId; floor: number }>();
  /** By the step at which they arrive. */
  private readonly flying = new Map<number, Message[]>();
  private cuts = new Set<string>();
  private isCalm = false;
  private requestId = 0;
  readonly counts = { crashes: 0, changes: 0, reads: 0 };

  constructor(
    private readonly chaos: Chaos,
    private readonly random: () => number,
  ) {
    this.ids = Array.from({ length: chaos.members + 2 }, (_, index) => `n${index}`);
    const first = { voters: this.ids.slice(0, chaos.members), outgoing: [], learners: [] };
    for (const id of this.ids) {
      this.stores.set(id, newStore(first.voters.includes(id) ? founded(first) : undefined));
      this.start(id);
    }
  }

  turn(): void {
    this.step += 1;
    if (this.happens(this.chaos.cut)) this.cutAnew();
    for (const id of this.ids) this.live(id);
    this.deliver();
    if (this.chaos.leases === true) this.monitors.leases(this.running);
    if (this.happens(0.2)) this.propose();
    if (this.happens(0.1)) this.read();
    if (this.isCalm) return;
    if (this.happens(this.chaos.change)) this.changeMembers();
    if (this.happens(this.chaos.change)) this.act((raft) => void raft.transferLeadership(this.anyId()));
    if (this.chaos.leases !== true && this.happens(this.chaos.change)) this.act((raft) => raft.peerGone(this.anyId()));
  }

  /** Ends all faults; afterwards everybody must agree. */
  calm(): void {
    this.isCalm = true;
    this.cuts.clear();
    for (const id of this.ids) if (!this.running.has(id)) this.start(id);
    for (let turned = 0; turned < 300; turned++) this.turn();
    const leaders = this.ids.map((id) => this.running.get(id)?.status()).filter((status) => status?.role === 'leader');
    const leader = leaders.toSorted((a, b) => (b?.term ?? 0) - (a?.term ?? 0))[0];
    if (leader === undefined) return this.violate('nobody leads long after the faults ended');
    if (leader.commitIndex < leader.lastIndex - 60) this.violate('the leader does not commit');
    if (leader.appliedIndex < this.monitors.committed) this.violate('what was applied before the faults ended is lost');
    for (const id of [...leader.config.voters, ...leader.config.learners]) {
      const lag = leader.appliedIndex - (this.running.get(id)?.status().appliedIndex ?? 0);
      if (lag > 20) this.violate(`${id} does not catch up: ${lag} entries behind`);
    }
  }

  private happens(chance: number): boolean {
    return this.random() < chance;
  }

  private anyId(): PeerId {
    return this.ids[Math.floor(this.random() * this.ids.length)] as PeerId;
  }

  private violate(what: string): void {
    this.monitors.violate(what);
  }

  private start(id: PeerId): void {
    const { hard, snapshot, entries } = this.stores.get(id) as Store;
    const settings = { electionTicks: 10, heartbeatTicks: 2, random: this.random, appendBytesMax: 200, snapshotChunkBytes: 512, inFlightMax: 4, leases: this.chaos.leases ?? false };
    this.running.set(id, new Raft({ id, ...settings }, { hard, snapshot, entries: [...entries] }));
    this.applied.set(id, textsOf(snapshot));
  }

  private crash(id: PeerId): void {
    this.running.delete(id);
    this.monitors.ended(id);
    this.counts.crashes += 1;
  }

  private live(id: PeerId): void {
    const raft = this.running.get(id);
    if (raft === undefined) {
      if (this.happens(0.03)) this.start(id);
    } else if (!this.isCalm && this.happens(this.chaos.crash)) {
      this.crash(id);
    } else {
      // Clocks differ in speed.
      if (this.chaos.leases === true || this.happens(0.97)) raft.tick();
      this.settle(id);
    }
  }

  private settle(id: PeerId): void {
    for (let raft = this.running.get(id), ready = raft?.ready(); raft !== undefined && ready !== undefined && ready !== null; ready = raft.ready()) {
      this.send(ready.early);
      if (!this.isCalm && this.happens(this.chaos.crash * 3)) return this.crash(id);
      this.monitors.writing(id, raft, this.stores.get(id) as Store, ready);
      write(this.stores.get(id) as Store, ready);
      if (!this.isCalm && this.happens(this.chaos.crash * 3)) return this.crash(id);
      for (const message of ready.messages) this.monitors.vote(id, message);
      this.send(ready.messages);
      this.apply(id, ready);
      raft.advance(ready);
      this.monitors.look(raft, this.stores);
      if (this.happens(0.005)) this.snapshot(id, raft);
    }
  }

  private send(messages: readonly Message[]): void {
    for (const message of messages) {
      if (this.isCalm || !this.happens(this.chaos.loss)) this.fly(message, 4);
      if (!this.isCalm && this.happens(0.02)) this.fly(message, 30);
    }
  }

  private fly(message: Message, stepsMax: number): void {
    const atStep = this.step + 1 + Math.floor(this.random() * stepsMax);
    const others = this.flying.get(atStep);
    if (others === undefined) this.flying.set(atStep, [message]);
    else others.push(message);
  }

  private deliver(): void {
    const due = this.flying.get(this.step) ?? [];
    this.flying.delete(this.step);
    if (!this.isCalm && this.happens(0.3)) due.reverse();
    for (const message of due) {
      const raft = this.running.get(message.to);
      if (raft === undefined || this.cuts.has(`${message.from}>${message.to}`)) continue;
      raft.step(message);
      this.settle(message.to);
    }
  }

  private cutAnew(): void {
    this.cuts = new Set();
    if (this.isCalm || this.happens(0.3)) return;
    const lonely = this.anyId();
    for (const other of this.ids) {
      if (this.happens(0.7)) this.cuts.add(`${lonely}>${other}`);
      if (this.happens(0.7)) this.cuts.add(`${other}>${lonely}`);
    }
  }

  /** To everybody who thinks that he leads. */
  private propose(): void {
    for (const [id, raft] of this.running) {
      if (!raft.isLeader) continue;
      raft.propose([new TextEncoder().encode(`${id} ${this.step}`)]);
      this.settle(id);
    }
  }

  private act(action: (raft: Raft) => void): void {
    const id = this.anyId();
    const raft = this.running.get(id);
    if (raft === undefined) return;
    action(raft);
    this.settle(id);
  }

  private changeMembers(): void {
    for (const [id, raft] of this.running) {
      const { role, config } = raft.status();
      if (role !== 'leader') continue;
      const change = this.anyChange();
      // With two voters left a crash of one would rightly stop everything, which is not what is looked for here.
      if (config.voters.length <= 2 && (change.remove !== undefined || change.addLearners !== undefined)) continue;
      if (raft.changeConfig(change).kind === 'appended') this.counts.changes += 1;
      this.settle(id);
    }
  }

  private anyChange(): ConfigChange {
    const kind = this.random();
    if (kind < 0.4) return { addVoters: [this.anyId()] };
    if (kind < 0.65) return { remove: [this.anyId()] };
    return kind < 0.85 ? { addVoters: [this.anyId()], remove: [this.anyId()] } : { addLearners: [this.anyId()] };
  }

  private read(): void {
    const by = this.anyId();
    const raft = this.running.get(by);
    if (raft === undefined) return;
    this.requestId += 1;
    this.reads.set(this.requestId, { by, floor: this.monitors.committed });
    raft.requestRead(this.requestId);
    this.settle(by);
  }

  private snapshot(id: PeerId, raft: Raft): void {
    const { appliedIndex } = raft.status();
    const snapshot = raft.compact(appliedIndex, new TextEncoder().encode(JSON.stringify(this.applied.get(id)?.slice(0, appliedIndex))), Math.floor(this.random() * 5));
    if (snapshot === null) return;
    const store = this.stores.get(id) as Store;
    store.snapshot = snapshot;
    store.entries = store.entries.filter((entry) => entry.index > snapshot.index);
  }

  /** State machine safety: what one applied at an index, all apply there. Reads: never older than what was applied anywhere when they were asked. */
  private apply(id: PeerId, { snapshot, committed, reads }: Ready): void {
    if (snapshot !== null) this.applied.set(id, textsOf(snapshot));
    const applied = this.applied.get(id) as string[];
    if (snapshot !== null) applied.forEach((text, position) => this.monitors.applied(id, position + 1, text));
    for (const entry of committed) {
      if (entry.index !== applied.length + 1) this.violate(`${id} applied ${entry.index} after ${applied.length}`);
      this.monitors.applied(id, entry.index, textOf(entry));
      applied.push(textOf(entry));
    }
    for (const { requestId, index } of reads) {
      const asked = this.reads.get(requestId);
      this.reads.delete(requestId);
      if (asked === undefined || asked.by !== id || index === null) continue;
      this.counts.reads += 1;
      if (index < asked.floor) this.violate(`${id} may read at ${index}, but ${asked.floor} was applied before it asked`);
    }
  }
}

export function runChaos(seed: number, chaos: Chaos): ChaosResult {
  const world = new World(chaos, randomOf(seed));
  try {
    for (let turned = 0; turned < (chaos.steps ?? 2000); turned++) world.turn();
    world.calm();
  } catch (error) {
    world.monitors.violate(`step ${world.step}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const { violations, elections, committed } = world.monitors;
  return { violations, elections, committed, ...world.counts };
}
