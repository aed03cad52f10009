/**
 * The direct lanes of a node: one to each coordinator, so that each of them sees the node with its own eyes, and any of them can lead at
 * once. A beat goes over all that are open, and is heard when one coordinator took it.
 *
 * Never piles up: a lane holds a few beats that are unanswered; while none takes any, one waits, and the newest takes its place.
 */
import type { AgentMessage, Beat, BeatResult, CoordinatorMessage } from '@muster/contracts';
import { monoMs } from '../engine/mono-clock.js';
import type { SharedCounters } from '../engine/shared-counters.js';
import { DirectLane, type LaneListener } from './direct-lane.js';
import { chosenCoordinators, LANES_MAX } from './lane-choice.js';
import type { ConnectionOptions } from './lane-connection.js';

export interface DirectLanesOptions {
  readonly nodeId: string;
  readonly coordinators: readonly string[];
  readonly wire: ConnectionOptions['wire'];
  readonly incarnation: () => number;
  readonly shared: SharedCounters;
  /** What a coordinator holds; told with each welcome and each answer. */
  readonly onKnown: (knownIncarnation: number | null, coordinatorId: string) => void;
  /** A lane was welcomed or failed. */
  readonly onTried: () => void;
  /** Once for each beat: as soon as one coordinator took it, or all that were asked refused it. */
  readonly onHeard: (beat: Beat, result: BeatResult) => void;
  /** Nobody is left who could still answer it. */
  readonly onAnswered: (beat: Beat) => void;
  /** The answer goes back over the same lane. */
  readonly onProbe: (message: Extract<CoordinatorMessage, { kind: 'probe' }>, answer: (message: AgentMessage) => boolean) => void;
  /** An order that no later one has overtaken; may come several times. */
  readonly onDrain: (isDraining: boolean, reason: string) => void;
}

/** A waiting beat older than this says nothing any more. Milliseconds, at least, and two intervals. */
const WAITING_MS_MIN = 1000;

interface Underway {
  readonly beat: Beat;
  readonly awaiting: Set<DirectLane>;
  /** One took it. */
  isHeard: boolean;
  rejection: BeatResult | null;
}

export class DirectLanes implements LaneListener {
  /** By URL. */
  private readonly lanes = new Map<string, DirectLane>();
  private chosen: readonly string[] = [];
  private readonly underway = new Map<number, Underway>();
  private waiting: Beat | null = null;
  private isOpened = false;
  private isClosed = false;
  /** Log index of the order that holds. */
  private orderedAtIndex = 0;

  constructor(private readonly options: DirectLanesOptions) {
    this.keepTo(options.coordinators);
  }

  /** Some coordinator hears us. */
  get isOpen(): boolean {
    return this.openLanes.length > 0;
  }

  /** Lanes that there are, open or not. Count. */
  get count(): number {
    return this.lanes.size;
  }

  /** Each was welcomed, or failed to be. */
  get haveAllTried(): boolean {
    return [...this.lanes.values()].every(({ hasTried }) => hasTried);
  }

  /** Why those that are not open are not. */
  get fault(): string {
    if (this.lanes.size === 0) return 'no coordinator is known';
    return [...this.lanes.values()].flatMap(({ isOpen, fault }) => (isOpen ? [] : [fault])).join('; ');
  }

  /** When the one of the open lanes that was silent for longest last proved that it carries. */
  get lastHeardMs(): number {
    return Math.min(...this.openLanes.map(({ lastHeardMs }) => lastHeardMs));
  }

  open(): void {
    this.isOpened = true;
    for (const lane of this.lanes.values()) lane.open();
    this.tellCounts();
  }

  /** The coordinators are these now. A lane to one that is not among them lasts while it works and there is room. */
  keepTo(urls: readonly string[]): void {
    if (this.isClosed) return;
    this.chosen = chosenCoordinators(this.options.nodeId, urls);
    const added = this.chosen.filter((url) => !this.lanes.has(url));
    const unlisted = [...this.lanes].filter(([url]) => !this.chosen.includes(url));
    const room = LANES_MAX - this.chosen.length;
    const kept = unlisted.filter(([, lane]) => lane.isOpen).slice(0, room);
    for (const [url, lane] of unlisted) if (!kept.some(([other]) => other === url)) this.letGo(url, lane);
    for (const url of added) {
      const lane = new DirectLane({ url, wire: this.options.wire, hello: () => this.hello(), listener: this });
      this.lanes.set(url, lane);
      if (this.isOpened) lane.open();
    }
    this.tellCounts();
  }

  /** Sends it now to all who hear us, or as soon as somebody does, unless a newer one comes before. */
  send(beat: Beat): void {
    if (this.lanes.size === 0) return;
    const awaiting = new Set([...this.lanes.values()].filter((lane) => lane.send(beat)));
    if (awaiting.size > 0) return void this.underway.set(beat.seq, { beat, awaiting, isHeard: false, rejection: null });
    if (this.waiting !== null) this.options.shared.add('missed');
    this.waiting = beat;
  }

  /** Again, because the incarnation grew. */
  greet(): void {
    for (const lane of this.lanes.values()) lane.say(this.hello());
  }

  /** To be called often: notices lanes that are open and dead; see `DirectLane.look`. */
  look(nowMs: number, lateMs: number): void {
    for (const lane of this.lanes.values()) lane.look(nowMs, lateMs);
  }

  /** At once. */
  close(): void {
    this.isClosed = true;
    for (const lane of this.lanes.values()) lane.rest('the agent stopped');
  }

  welcomed(lane: DirectLane, knownIncarnation: number | null, isAgain: boolean): void {
    if (!isAgain) this.opened(lane);
    if (lane.coordinatorId !== null && !lane.isAtRest) this.options.onKnown(knownIncarnation, lane.coordinatorId);
    this.options.onTried();
    this.sendWaiting();
  }

  heard(lane: DirectLane, seq: number, result: BeatResult): void {
    if (lane.coordinatorId !== null) this.options.onKnown(result.knownIncarnation, lane.coordinatorId);
    const underway = this.underway.get(seq);
    if (underway?.awaiting.delete(lane) === true) {
      if (result.outcome === 'rejected') underway.rejection = result;
      else this.took(underway, result);
      this.settle(underway);
    }
    this.sendWaiting();
  }

  told(lane: DirectLane, message: Extract<CoordinatorMessage, { kind: 'probe' | 'drain' }>): void {
    if (message.kind === 'probe') return this.options.onProbe(message, (answer) => lane.say(answer));
    const index = message.index ?? 0;
    // Somebody who lags behind, or knows nothing yet.
    if (index < this.orderedAtIndex) return;
    this.orderedAtIndex = index;
    this.options.onDrain(message.isDraining, message.reason);
  }

  unread(): void {
    this.options.shared.add('laneMessagesDropped');
  }

  ended(lane: DirectLane): void {
    this.tellCounts();
    if (this.isClosed) return;
    // Nobody is left to compare with: a cluster that was made anew counts from the beginning.
    if (!this.isOpen) this.orderedAtIndex = 0;
    this.keepNewestOf(lane);
    if (!lane.isAtRest) this.wakeTwinsOf(lane);
    for (const [url, one] of this.lanes) if (one === lane && !this.chosen.includes(url)) this.letGo(url, lane);
    this.options.onTried();
    if (this.isOpen) this.sendWaiting();
  }

  private opened(lane: DirectLane): void {
    this.options.shared.add('laneOpens');
    if (lane.coordinatorId === this.options.nodeId) lane.rest('it leads to this node itself');
    // A coordinator that is listed under two addresses took the newer lane for the older one.
    for (const other of this.openLanes) if (other !== lane && other.coordinatorId === lane.coordinatorId) other.rest(`${lane.coordinatorId} is reached under another address`);
    this.tellCounts();
  }

  /** What rested in its favour is tried as well. */
  private wakeTwinsOf(lane: DirectLane): void {
    for (const other of this.lanes.values()) if (other !== lane && other.isAtRest && other.coordinatorId === lane.coordinatorId && this.isOpened) other.open();
  }

  private letGo(url: string, lane: DirectLane): void {
    this.lanes.delete(url);
    if (!lane.isAtRest) lane.rest('it is not among the coordinators any more');
    this.wakeTwinsOf(lane);
    this.tellCounts();
  }

  private took(underway: Underway, result: BeatResult): void {
    if (underway.isHeard) return;
    underway.isHeard = true;
    this.options.onHeard(underway.beat, result);
  }

  private settle({ beat, awaiting, isHeard, rejection }: Underway): void {
    if (awaiting.size > 0) return;
    this.underway.delete(beat.seq);
    if (!isHeard && rejection !== null) this.options.onHeard(beat, rejection);
    this.options.onAnswered(beat);
  }

  /** What was under way over it alone may not have arrived: the newest of it is said again. */
  private keepNewestOf(lane: DirectLane): void {
    let newest: Beat | null = null;
    for (const underway of this.underway.values()) {
      if (!underway.awaiting.delete(lane)) continue;
      if (underway.awaiting.size === 0 && !underway.isHeard && underway.rejection === null) newest = underway.beat;
      this.settle(underway);
    }
    this.waiting ??= newest;
  }

  private sendWaiting(): void {
    const beat = this.waiting;
    if (beat === null) return;
    this.waiting = null;
    const isOld = monoMs() - beat.sentMonoMs > Math.max(WAITING_MS_MIN, 2 * beat.intervalMs);
    if (isOld || beat.incarnation !== this.options.incarnation()) this.options.shared.add('missed');
    else this.send(beat);
  }

  private tellCounts(): void {
    this.options.shared.set('lanesOpen', this.openLanes.length);
    this.options.shared.set('lanesWanted', [...this.lanes.values()].filter(({ isAtRest }) => !isAtRest).length);
  }

  private get openLanes(): readonly DirectLane[] {
    return [...this.lanes.values()].filter(({ isOpen }) => isOpen);
  }

  private hello(): AgentMessage {
    return { v: 1, kind: 'hello', nodeId: this.options.nodeId, incarnation: this.options.incarnation() };
  }
}
