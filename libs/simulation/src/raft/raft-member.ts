/**
 * One process of the group: the real core between simulated ticks, disk and network, in the order of the loop of `raft-node`.
 *
 * It can stop at every point where a process can: before, in and after a write, between two messages, before it applies, around a snapshot.
 * While it is paused or its disk is, nothing happens in it; afterwards its timer comes first, then what arrived.
 */
import { type Configuration, type Entry, type Message, type PeerId, Raft, type RaftOptions, type ReadAnswer, type Ready, type Snapshot } from '@muster/raft';
import type { SeededRandom } from '../seeded-random.js';
import { Happening, type VirtualClock } from '../virtual-clock.js';
import { StoreModel } from './store-model.js';

/** The world around a member, and those who watch it. */
export interface MemberHost {
  readonly clock: VirtualClock;
  readonly send: (message: Message) => void;
  /** Before a write is begun. */
  readonly onWriting: (member: RaftMember, raft: Raft, ready: Ready) => void;
  readonly onSaid: (member: RaftMember, message: Message) => void;
  readonly onRestored: (member: RaftMember, snapshot: Snapshot | null) => void;
  readonly onApplied: (member: RaftMember, entries: readonly Entry[]) => void;
  readonly onRead: (member: RaftMember, answer: ReadAnswer) => void;
  /** After everything that one `Ready` asked for. */
  readonly onTurned: (member: RaftMember, raft: Raft) => void;
  readonly onCrashed: (member: RaftMember) => void;
}

export interface MemberSettings {
  readonly tickMs: number;
  readonly electionTicks: number;
  readonly keepEntries: number;
  readonly writeMsMean: number;
  readonly crashInTurnRate: number;
  readonly crashAfterVoteRate: number;
  readonly writeErrorRate: number;
}

/** What a member does that it must not, so that the monitors can show that they notice. */
export type Fault = 'forgets its vote' | 'loses its last entries' | 'speaks before it writes' | 'forgets its term';

type CrashPoint = 'before it applies' | 'before the write' | 'in the write' | 'after the write' | 'between messages';
const CRASH_POINTS: readonly CrashPoint[] = ['before it applies', 'before the write', 'in the write', 'after the write', 'between messages'];

class Ticker extends Happening {
  constructor(
    private readonly member: RaftMember,
    private readonly life: number,
  ) {
    super();
  }

  happen(): void {
    this.member.rings(this, this.life);
  }
}

export class RaftMember {
  readonly store: StoreModel;
  /** Chances for its faults; `calm` ends them. */
  isCalm = false;
  /** Its disk answers nothing before then. */
  diskStillUntilMs = 0;
  fault: Fault | null = null;
  private running: Raft | null = null;
  private life = 0;
  private pausedUntilMs = 0;
  private writing: Ready | null = null;
  private writtenAtMs = 0;
  private crashPoint: CrashPoint | null = null;
  private isTickLate = false;
  private lastTickMs = 0;
  private inbox: Message[] = [];
  private orders: ((raft: Raft) => void)[] = [];

  constructor(
    readonly id: PeerId,
    first: Configuration | null,
    private readonly settings: MemberSettings,
    private readonly options: Omit<RaftOptions, 'id' | 'random'>,
    /** Its clock's seconds per real second. */
    private readonly clockRate: number,
    private readonly random: SeededRandom,
    private readonly host: MemberHost,
  ) {
    this.store = new StoreModel(first);
  }

  /** Null while its process does not run. */
  get raft(): Raft | null {
    return this.running;
  }

  get isStill(): boolean {
    return this.host.clock.nowMs() < this.stillUntilMs;
  }

  /** It does nothing before then: it is paused, or waits for its disk. */
  get stillUntilMs(): number {
    return this.writing === null ? this.pausedUntilMs : Math.max(this.pausedUntilMs, this.writtenAtMs);
  }

  start(): void {
    if (this.running !== null) return;
    this.life += 1;
    this.pausedUntilMs = 0;
    this.forgetAsFaulty();
    this.running = new Raft({ id: this.id, random: () => this.random.next(), ...this.options }, this.store.restore());
    this.lastTickMs = this.localMs();
    this.host.onRestored(this, this.store.snapshot);
    this.planTick(new Ticker(this, this.life));
    this.turn();
  }

  crash(): void {
    if (this.running === null) return;
    const { writing } = this;
    // It may have been on the disk already, with nobody left to be told.
    if (writing !== null && this.random.chance(0.5)) this.store.write(writing);
    this.running = null;
    this.writing = null;
    this.isTickLate = false;
    this.inbox = [];
    this.orders = [];
    this.host.onCrashed(this);
  }

  pause(forMs: number): void {
    const { clock } = this.host;
    this.pausedUntilMs = Math.max(this.pausedUntilMs, clock.nowMs() + forMs);
    this.wakeAt(this.pausedUntilMs);
  }

  receive(message: Message): void {
    if (this.running === null) return;
    if (this.writing !== null || this.isStill) {
      this.inbox.push(message);
      return;
    }
    this.running.step(message);
    this.turn();
  }

  /** Something that others of its process ask for, when the loop gets to it. */
  order(work: (raft: Raft) => void): void {
    if (this.running === null) return;
    if (this.writing !== null || this.isStill) {
      this.orders.push(work);
      return;
    }
    work(this.running);
    this.turn();
  }

  /** Keeps a snapshot of the state as it was after `index`, and forgets the log before it. */
  compact(index: number, state: Uint8Array): void {
    const raft = this.running;
    if (raft === null) return;
    const isCrashing = !this.isCalm && this.random.chance(this.settings.crashInTurnRate);
    const snapshot = raft.compact(index, state, this.settings.keepEntries);
    if (snapshot === null) return;
    if (isCrashing && this.random.chance(0.5)) return this.crash();
    this.store.compact(snapshot);
    if (isCrashing) this.crash();
  }

  /** For its timer. */
  rings(ticker: Ticker, life: number): void {
    if (this.life !== life || this.running === null) return;
    this.planTick(ticker);
    if (this.writing !== null || this.isStill) this.isTickLate = true;
    else this.tick();
  }

  private tick(): void {
    const raft = this.running;
    if (raft === null) return;
    const { tickMs, electionTicks } = this.settings;
    const localMs = this.localMs();
    let ticks = Math.floor((localMs - this.lastTickMs) / tickMs);
    const ticksMax = Math.max(2, Math.floor(electionTicks / 5));
    this.lastTickMs += ticks * tickMs;
    if (ticks > ticksMax) {
      this.lastTickMs = localMs;
      ticks = ticksMax;
      raft.stalled();
    }
    for (let ticked = 0; ticked < ticks; ticked++) raft.tick();
    this.turn();
  }

  private localMs(): number {
    return this.host.clock.nowMs() * this.clockRate;
  }

  private planTick(ticker: Ticker): void {
    this.host.clock.plan(this.host.clock.nowMs() + this.settings.tickMs / this.clockRate, ticker);
  }

  private wakeAt(atMs: number): void {
    const { life } = this;
    this.host.clock.at(atMs, () => {
      if (life === this.life && this.running !== null) this.wake();
    });
  }

  /** A pause or a write has ended, perhaps. */
  private wake(): void {
    if (this.isStill) return;
    const { writing } = this;
    if (writing !== null) {
      this.writing = null;
      this.store.write(writing);
      if (!this.finish(writing)) return;
      this.turn();
    }
    // Each of them may begin a write, or end it all.
    if (this.isTickLate && this.isFree()) {
      this.isTickLate = false;
      this.tick();
    }
    while (this.isFree() && (this.orders.length > 0 || this.inbox.length > 0)) this.takeWaiting();
  }

  private takeWaiting(): void {
    const raft = this.running;
    if (raft === null) return;
    for (const message of this.inbox.splice(0)) raft.step(message);
    for (const work of this.orders.splice(0)) work(raft);
    this.turn();
  }

  private isFree(): boolean {
    return this.running !== null && this.writing === null && !this.isStill;
  }

  private turn(): void {
    for (let raft = this.running; raft !== null; raft = this.running) {
      const ready = raft.ready();
      if (ready === null) return;
      this.crashPoint = !this.isCalm && this.random.chance(this.settings.crashInTurnRate) ? (CRASH_POINTS[this.random.nextInt(CRASH_POINTS.length)] ?? null) : null;
      for (const message of ready.early) this.say(message);
      if (this.fault === 'speaks before it writes') for (const message of ready.messages) this.say(message);
      if (!this.handOn(ready)) return;
      if (ready.hard !== null || ready.snapshot !== null || ready.entries.length > 0) {
        if (!this.write(raft, ready)) return;
      }
      if (!this.finish(ready)) return;
    }
  }

  /** What is committed was written before, and waits for nothing that is written now. False when it ended the process. */
  private handOn(ready: Ready): boolean {
    const { host } = this;
    if (this.crashPoint === 'before it applies') return this.isOver();
    if (ready.committed.length > 0) host.onApplied(this, ready.committed);
    for (const answer of ready.reads) host.onRead(this, answer);
    return true;
  }

  /** False when it takes its time, or ended the process. */
  private write(raft: Raft, ready: Ready): boolean {
    const { random, crashPoint, settings } = this;
    this.host.onWriting(this, raft, ready);
    const isFailing = !this.isCalm && random.chance(settings.writeErrorRate);
    if (crashPoint === 'before the write' || crashPoint === 'in the write' || isFailing) {
      if (crashPoint !== 'before the write' && random.chance(0.5)) this.store.write(ready);
      this.crash();
      return false;
    }
    const nowMs = this.host.clock.nowMs();
    const doneAtMs = Math.max(nowMs + random.exponential(settings.writeMsMean), this.diskStillUntilMs);
    if (doneAtMs - nowMs < 1) {
      this.store.write(ready);
      return true;
    }
    this.writing = ready;
    this.writtenAtMs = Math.ceil(doneAtMs);
    this.wakeAt(this.writtenAtMs);
    return false;
  }

  /** What follows a write. False when it ended the process. */
  private finish(ready: Ready): boolean {
    const raft = this.running;
    const { host, random } = this;
    // The faults may have ended while it wrote.
    const crashPoint = this.isCalm ? null : this.crashPoint;
    if (raft === null) return false;
    if (crashPoint === 'after the write') return this.isOver();
    if (this.fault !== 'speaks before it writes') {
      for (const message of ready.messages) {
        if (crashPoint === 'between messages' && random.chance(0.5)) return this.isOver();
        this.say(message);
        if (!this.isCalm && message.kind === 'vote-reply' && message.granted && !message.isPre && random.chance(this.settings.crashAfterVoteRate)) return this.isOver();
      }
    }
    if (ready.snapshot !== null) host.onRestored(this, ready.snapshot);
    raft.advance(ready);
    host.onTurned(this, raft);
    return this.running !== null;
  }

  private isOver(): false {
    this.crash();
    return false;
  }

  private say(message: Message): void {
    this.host.onSaid(this, message);
    this.host.send(message);
  }

  private forgetAsFaulty(): void {
    const { store } = this;
    switch (this.fault) {
      case 'forgets its vote':
        store.hard = { ...store.hard, votedFor: null };
        return;
      case 'forgets its term':
        store.hard = { ...store.hard, term: Math.max(0, store.hard.term - 1), votedFor: null };
        return;
      case 'loses its last entries':
        return store.forgetLast(this.random.nextInt(4));
      case 'speaks before it writes':
      case null:
    }
  }
}
