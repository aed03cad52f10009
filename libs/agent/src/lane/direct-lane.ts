/**
 * The direct lane to one coordinator: keeps a connection to it open, and carries beats over it, each answered.
 *
 * Comes back with growing pauses whatever the other lanes do. A lane whose beats are not answered is given up although nobody closed it.
 */
import type { AgentMessage, Beat, BeatResult, CoordinatorMessage } from '@muster/contracts';
import { monoMs } from '../engine/mono-clock.js';
import { LaneBackOff } from './lane-back-off.js';
import { type ConnectionOptions, LaneConnection } from './lane-connection.js';

export interface DirectLaneOptions {
  /** Base URL of the coordinator, with a slash at its end. */
  readonly url: string;
  readonly wire: ConnectionOptions['wire'];
  readonly hello: () => AgentMessage;
  readonly listener: LaneListener;
}

export interface LaneListener {
  /** The coordinator took us in; or, when it `isAgain`, says anew which incarnation it holds. */
  welcomed(lane: DirectLane, knownIncarnation: number | null, isAgain: boolean): void;
  heard(lane: DirectLane, seq: number, result: BeatResult): void;
  told(lane: DirectLane, message: Extract<CoordinatorMessage, { kind: 'probe' | 'drain' }>): void;
  unread(): void;
  /** A try failed, or it was open and ended. */
  ended(lane: DirectLane): void;
}

/** Beats without an answer at any time. Count. */
const UNHEARD_MAX = 8;
/** A lane that leaves a beat unanswered for so long carries nothing. Milliseconds. */
const SILENT_MS_MAX = 1500;

export class DirectLane {
  /** Who answered last; null before anybody did. */
  coordinatorId: string | null = null;
  /** It was welcomed, or failed to be, at least once. */
  hasTried = false;
  private readonly backOff = new LaneBackOff();
  private connection: LaneConnection | null = null;
  /** Null while it is not open. */
  private openedMs: number | null = null;
  private heardMs = 0;
  /** By sequence number, when it was sent. */
  private readonly unheard = new Map<number, number>();
  private retry: NodeJS.Timeout | undefined;
  private isResting = true;
  private latestFault = 'it was not opened yet';

  constructor(private readonly options: DirectLaneOptions) {}

  get isOpen(): boolean {
    return this.openedMs !== null;
  }

  /** It is not wanted now, and tries nothing. */
  get isAtRest(): boolean {
    return this.isResting;
  }

  /** Why it is not open. */
  get fault(): string {
    return `${new URL(this.options.url).origin}: ${this.latestFault}`;
  }

  /** When the coordinator last proved that it reads what we say. */
  get lastHeardMs(): number {
    return this.heardMs;
  }

  /** Begins, or goes on after a rest. */
  open(): void {
    if (!this.isResting) return;
    this.isResting = false;
    this.dial();
  }

  /** False when it cannot go now: not open, or too many are unanswered. */
  send(beat: Beat): boolean {
    if (!this.isOpen || this.unheard.size >= UNHEARD_MAX || this.connection?.send({ v: 1, kind: 'beat', beat }) !== true) return false;
    this.unheard.set(beat.seq, monoMs());
    return true;
  }

  /** True when it went out. */
  say(message: AgentMessage): boolean {
    return this.connection?.send(message) ?? false;
  }

  /**
   * To be called often: notices a lane that is open and dead. `lateMs`: how much later than it should this is called, because we stood
   * still ourselves: answers that came meanwhile were not read yet, since timers run before sockets.
   */
  look(nowMs: number, lateMs: number): void {
    const oldestMs = this.unheard.values().next().value;
    if (oldestMs !== undefined && nowMs - lateMs - oldestMs > SILENT_MS_MAX) this.connection?.close(`no answer within ${SILENT_MS_MAX} ms`);
  }

  /** At once, and not again until it is opened. */
  rest(reason: string): void {
    this.isResting = true;
    clearTimeout(this.retry);
    this.connection?.close(reason);
    this.latestFault = reason;
  }

  private dial(): void {
    clearTimeout(this.retry);
    this.retry = setTimeout(() => void (this.connection = this.connect()), this.backOff.delayMs(Math.random()));
  }

  private connect(): LaneConnection {
    const { url, wire, hello, listener } = this.options;
    return new LaneConnection({
      url,
      wire,
      hello: hello(),
      onMessage: (message) => this.take(message),
      onUnread: () => listener.unread(),
      onEnd: (reason) => this.ended(reason),
    });
  }

  private take(message: CoordinatorMessage): void {
    const { listener } = this.options;
    switch (message.kind) {
      case 'welcome':
        return this.welcomed(message.coordinatorId, message.knownIncarnation);
      case 'heard':
        this.heardMs = monoMs();
        if (this.unheard.delete(message.seq)) listener.heard(this, message.seq, message.result);
        return;
      case 'probe':
      case 'drain':
        return listener.told(this, message);
    }
  }

  private welcomed(coordinatorId: string, knownIncarnation: number | null): void {
    const isAgain = this.isOpen;
    if (!isAgain) {
      this.openedMs = monoMs();
      this.heardMs = this.openedMs;
      this.coordinatorId = coordinatorId;
      this.hasTried = true;
    }
    this.options.listener.welcomed(this, knownIncarnation, isAgain);
  }

  private ended(reason: string): void {
    this.backOff.ended(this.openedMs === null ? 0 : monoMs() - this.openedMs);
    this.connection = null;
    this.openedMs = null;
    this.unheard.clear();
    this.latestFault = reason;
    this.hasTried = true;
    if (!this.isResting) this.dial();
    this.options.listener.ended(this);
  }
}
