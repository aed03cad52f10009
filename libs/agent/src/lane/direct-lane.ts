/**
 * The direct lane: keeps one connection to one coordinator open, and carries beats over it one by one, each answered.
 *
 * Never piles up: at most a few beats are unanswered, one waits, and the newest takes its place. A lane whose beats are not answered
 * is given up for the next coordinator, although nobody closed it.
 */
import type { AgentMessage, Beat, BeatResult, CoordinatorMessage } from '@muster/contracts';
import { monoMs } from '../engine/mono-clock.js';
import type { SharedCounters } from '../engine/shared-counters.js';
import { LaneDial, rendezvousOrder } from './lane-choice.js';
import { type ConnectionOptions, LaneConnection } from './lane-connection.js';

export interface DirectLaneOptions {
  readonly nodeId: string;
  readonly coordinators: readonly string[];
  readonly wire: ConnectionOptions['wire'];
  readonly incarnation: () => number;
  readonly shared: SharedCounters;
  readonly onWelcome: (knownIncarnation: number | null) => void;
  readonly onHeard: (beat: Beat, result: BeatResult) => void;
  /** The answer goes back over the same connection. */
  readonly onProbe: (message: Extract<CoordinatorMessage, { kind: 'probe' }>, answer: (message: AgentMessage) => boolean) => void;
  readonly onDrain: (isDraining: boolean, reason: string) => void;
}

/** Beats without an answer at any time. Count. */
const UNHEARD_MAX = 8;
/** A lane that leaves a beat unanswered for so long carries nothing. Milliseconds. */
const SILENT_MS_MAX = 1500;
/** A waiting beat older than this says nothing any more. Milliseconds, at least, and two intervals. */
const WAITING_MS_MIN = 1000;
/** Time on a stand-in before the preferred coordinator is tried again: so long on average, spread by half of it. Milliseconds. */
const RETURN_MS = 30_000;

interface Underway {
  readonly beat: Beat;
  readonly sentMs: number;
}

export class DirectLane {
  private readonly urls: readonly string[];
  private readonly dial: LaneDial;
  private current: LaneConnection | null = null;
  /** Rank of the open lane; null while none is. */
  private openRank: number | null = null;
  private openedMs = 0;
  private challenger: LaneConnection | null = null;
  private returnAtMs = Number.POSITIVE_INFINITY;
  private retry: NodeJS.Timeout | undefined;
  private readonly unheard = new Map<number, Underway>();
  private waiting: Beat | null = null;
  private isClosed = false;
  private latestFault = 'it was not opened yet';
  private heardMs = 0;

  constructor(private readonly options: DirectLaneOptions) {
    this.urls = rendezvousOrder(options.nodeId, options.coordinators).map((index) => options.coordinators[index] as string);
    this.dial = new LaneDial(this.urls.length);
  }

  get isOpen(): boolean {
    return this.openRank !== null;
  }

  /** Why it is not open. */
  get fault(): string {
    return this.urls.length === 0 ? 'no coordinator is configured' : this.latestFault;
  }

  /** When a coordinator last proved that it reads what we say. */
  get lastHeardMs(): number {
    return this.heardMs;
  }

  open(): void {
    if (this.urls.length > 0 && !this.isClosed) this.tryNext();
  }

  /** Sends it now, or as soon as there is a lane, unless a newer one comes before. */
  send(beat: Beat): void {
    if (this.urls.length === 0) return;
    if (this.isOpen && this.unheard.size < UNHEARD_MAX && this.current?.send({ v: 1, kind: 'beat', beat }) === true) {
      this.unheard.set(beat.seq, { beat, sentMs: monoMs() });
      return;
    }
    if (this.waiting !== null) this.options.shared.add('missed');
    this.waiting = beat;
  }

  /** Again, because the incarnation grew. */
  greet(): void {
    this.current?.send(this.hello());
  }

  /** To be called often: notices a lane that is open and dead, and the time to return. */
  look(nowMs: number): void {
    const oldest = this.unheard.values().next().value;
    if (oldest !== undefined && nowMs - oldest.sentMs > SILENT_MS_MAX) this.current?.close(`no answer within ${SILENT_MS_MAX} ms`);
    if (nowMs >= this.returnAtMs) this.challenge();
  }

  /** At once. */
  close(): void {
    this.isClosed = true;
    clearTimeout(this.retry);
    this.challenger?.close('the agent stopped');
    this.current?.close('the agent stopped');
  }

  private tryNext(): void {
    const { rank, delayMs } = this.dial.next(Math.random());
    clearTimeout(this.retry);
    this.retry = setTimeout(() => {
      if (!this.isClosed) this.current = this.connect(rank);
    }, delayMs);
  }

  private connect(rank: number): LaneConnection {
    const connection: LaneConnection = new LaneConnection({
      url: this.urls[rank] as string,
      wire: this.options.wire,
      hello: this.hello(),
      onMessage: (message) => this.take(message, connection, rank),
      onUnread: () => void this.options.shared.add('laneMessagesDropped'),
      onEnd: (reason) => this.ended(connection, rank, reason),
    });
    return connection;
  }

  private take(message: CoordinatorMessage, from: LaneConnection, rank: number): void {
    switch (message.kind) {
      case 'welcome':
        return this.welcomed(from, rank, message.knownIncarnation);
      case 'heard':
        return this.heard(message.seq, message.result);
      case 'probe':
        return this.options.onProbe(message, (answer) => from.send(answer));
      case 'drain':
        return this.options.onDrain(message.isDraining, message.reason);
    }
  }

  private welcomed(by: LaneConnection, rank: number, knownIncarnation: number | null): void {
    const { shared } = this.options;
    if (by === this.challenger) {
      const standIn = this.current;
      this.current = by;
      this.challenger = null;
      this.openRank = null;
      clearTimeout(this.retry);
      this.keepNewest();
      standIn?.close('the preferred coordinator is back');
    }
    if (this.openRank === null) {
      this.openRank = rank;
      this.openedMs = monoMs();
      this.heardMs = this.openedMs;
      this.returnAtMs = rank === 0 ? Number.POSITIVE_INFINITY : this.openedMs + RETURN_MS * (0.75 + Math.random() / 2);
      shared.set('laneOpen', 1);
      shared.add('laneOpens');
    }
    this.options.onWelcome(knownIncarnation);
    this.sendWaiting();
  }

  private heard(seq: number, result: BeatResult): void {
    const underway = this.unheard.get(seq);
    this.heardMs = monoMs();
    if (underway === undefined) return;
    this.unheard.delete(seq);
    this.sendWaiting();
    this.options.onHeard(underway.beat, result);
  }

  /** The preferred one is tried beside the stand-in, which is left only once the other has welcomed us. */
  private challenge(): void {
    this.returnAtMs = Number.POSITIVE_INFINITY;
    this.challenger = this.connect(0);
  }

  private ended(connection: LaneConnection, rank: number, reason: string): void {
    if (connection === this.challenger) {
      this.challenger = null;
      this.returnAtMs = monoMs() + RETURN_MS * (0.75 + Math.random() / 2);
      return;
    }
    if (connection !== this.current) return;
    const openMs = this.openRank === null ? 0 : monoMs() - this.openedMs;
    this.current = null;
    this.openRank = null;
    this.returnAtMs = Number.POSITIVE_INFINITY;
    this.latestFault = `${new URL(this.urls[rank] as string).origin}: ${reason}`;
    this.options.shared.set('laneOpen', 0);
    this.keepNewest();
    this.dial.ended(rank, openMs);
    if (!this.isClosed) this.tryNext();
  }

  /** What was under way may not have arrived: the newest of it is said again to the next one. */
  private keepNewest(): void {
    const newest = [...this.unheard.values()].at(-1)?.beat;
    this.unheard.clear();
    if (newest !== undefined && this.waiting === null) this.waiting = newest;
  }

  private sendWaiting(): void {
    const beat = this.waiting;
    if (beat === null) return;
    this.waiting = null;
    const isOld = monoMs() - beat.sentMonoMs > Math.max(WAITING_MS_MIN, 2 * beat.intervalMs);
    if (isOld || beat.incarnation !== this.options.incarnation()) this.options.shared.add('missed');
    else this.send(beat);
  }

  private hello(): AgentMessage {
    return { v: 1, kind: 'hello', nodeId: this.options.nodeId, incarnation: this.options.incarnation() };
  }
}
