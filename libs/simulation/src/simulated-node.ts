/**
 * A member: a worker that beats on a grid, holds the direct lane and answers probes, and a main loop that brings the beats to the bus
 * and can stand still alone. A beat that the bus did not acknowledge in time goes by the lane.
 */
import type { Beat, Vitals } from '@muster/contracts';
import type { Profile } from '@muster/membership';
import type { Life } from './ground-truth.js';
import { SimulatedBeat } from './simulated-beat.js';
import { BUS, PARTITIONS, REFUSED, type SimulatedBus } from './simulated-bus.js';
import { type LaneServer, type ProbeOrder, type ProbeReport, SimulatedLane } from './simulated-lane.js';
import type { Link, SimulatedNetwork } from './simulated-network.js';
import { type Asker, probe, type Target } from './simulated-probe.js';
import { SimulatedProcess } from './simulated-process.js';
import type { SeededRandom } from './seeded-random.js';
import { Happening, type VirtualClock } from './virtual-clock.js';

export type Ending = 'process' | 'host' | 'left';

export interface NodeOptions {
  readonly nodeId: string;
  /** Counts the members of the world from 0. */
  readonly number: number;
  readonly zone: string;
  readonly intervalMs: number;
  readonly clock: VirtualClock;
  readonly network: SimulatedNetwork;
  readonly random: SeededRandom;
  readonly bus: SimulatedBus;
  readonly coordinatorId: string;
  readonly server: LaneServer;
  readonly findTarget: (nodeId: string) => Target | undefined;
  readonly onStarted: (incarnation: number, atMs: number) => Life;
  /** Its clock against the true one. Ratio, about 1. */
  readonly clockRate: number;
}

/** Trouble that makes everything late that a process does, without stopping it. */
export interface Load {
  /** Mean lateness of a beat. Milliseconds. */
  readonly beatLateMs: number;
  /** Mean lateness of a probe on behalf of others. Milliseconds. */
  readonly probeLateMs: number;
}

/** Share of an interval after which a beat that the bus did not acknowledge goes by the lane. */
const CONFIRM_SHARE = 0.5;
/** When its main loop stood still for so long, the worker says so at once. Milliseconds. */
const FROZEN_MS = 700;
/** Until the worker notices that its main loop goes on. Milliseconds. */
const LOOK_MS = 50;
const WELL: Vitals = { cpuProcess: 0.1, cpuHost: 0.2, memory: 0.4, eventLoopDelayMs: 12, errorRate: 0, checks: [] };
const NO_LOAD: Load = { beatLateMs: 0, probeLateMs: 0 };

/** The grid of one life. */
class BeatTimer extends Happening {
  constructor(
    private readonly node: SimulatedNode,
    private readonly incarnation: number,
  ) {
    super();
  }

  happen(): void {
    this.node.beatIsDue(this, this.incarnation);
  }
}

export class SimulatedNode implements Target {
  /** The worker, and with it the whole process. */
  readonly process: SimulatedProcess;
  readonly main: SimulatedProcess;
  readonly profile: Profile;
  readonly partition: number;
  isHostUp = true;
  incarnation = 0;
  load: Load = NO_LOAD;
  private readonly lane: SimulatedLane;
  private readonly asker: Asker;
  private readonly toBus: Link;
  private readonly fromBus: Link;
  private life: Life | null = null;
  private startedAtMs = 0;
  private seq = 0;
  private frozenAtMs: number | null = null;
  private state: Beat['state'] = 'running';

  constructor(private readonly options: NodeOptions) {
    const { nodeId, number, zone, clock, network, coordinatorId, server } = options;
    this.process = new SimulatedProcess(clock);
    this.main = new SimulatedProcess(clock);
    this.process.end();
    this.main.end();
    this.partition = number % PARTITIONS;
    this.profile = { service: 'node', zone, tags: {}, resources: { cores: 2, memoryBytes: 1e9 }, httpUrl: `http://${nodeId}:8080`, probeUrl: `tcp://${nodeId}:9000` };
    this.toBus = network.link(nodeId, BUS);
    this.fromBus = network.link(BUS, nodeId);
    this.asker = { nodeId, process: this.process, clock, network };
    this.lane = new SimulatedLane({ nodeId, coordinatorId, clock, network, process: this.process, server, onOrder: (order, report) => this.look(order, report) });
  }

  get nodeId(): string {
    return this.options.nodeId;
  }

  get isRunning(): boolean {
    return this.process.presence !== 'gone';
  }

  get mainLagMs(): number {
    return this.frozenAtMs === null || this.main.presence !== 'paused' ? 0 : Math.max(0, this.options.clock.nowMs() - this.frozenAtMs);
  }

  /** Begins a life: beats at once, then every interval. */
  start(): void {
    const { clock, onStarted } = this.options;
    this.process.begin();
    this.main.begin();
    this.isHostUp = true;
    this.startedAtMs = clock.nowMs();
    this.incarnation = Math.max(this.incarnation + 1, 1_700_000_000_000 + this.startedAtMs);
    this.life = onStarted(this.incarnation, this.startedAtMs);
    this.seq = 0;
    this.state = 'running';
    this.load = NO_LOAD;
    this.frozenAtMs = null;
    this.lane.begin(this.incarnation);
    this.beat(new BeatTimer(this, this.incarnation));
  }

  /** Ends without a word: the process alone, or its host with it. */
  crash(how: 'process' | 'host'): void {
    this.isHostUp = how === 'process';
    this.process.end();
    this.main.end();
    this.lane.end(this.isHostUp);
  }

  /** Says its last word, and ends. */
  leave(): void {
    this.state = 'left';
    this.tell(this.makeBeat());
    this.process.end();
    this.main.end();
    this.lane.end(true);
  }

  /** Stands still as a whole: SIGSTOP, a frozen VM. The worker counts no time in which it did not run itself. */
  pause(durationMs: number): void {
    if (this.frozenAtMs !== null) this.frozenAtMs += durationMs;
    // The main loop goes on first, so that the worker does not find it standing.
    this.main.pause(durationMs);
    this.process.pause(durationMs);
  }

  /** Its main loop alone stands still. The worker says so, and when that is over. */
  freeze(durationMs: number): void {
    if (!this.isRunning || this.frozenAtMs !== null) return;
    this.frozenAtMs = this.options.clock.nowMs();
    this.main.pause(durationMs);
    const sayAfter = (afterMs: number, isOver: boolean): void =>
      void this.process.wakeAfter(afterMs, () => {
        if (isOver) this.frozenAtMs = null;
        this.lane.send(this.makeBeat());
      });
    if (durationMs > FROZEN_MS) sayAfter(FROZEN_MS, false);
    if (durationMs !== Infinity) sayAfter(durationMs + LOOK_MS, true);
  }

  /** For the timer itself. */
  beatIsDue(timer: BeatTimer, incarnation: number): void {
    if (this.incarnation !== incarnation || this.process.presence === 'gone') return;
    if (this.process.presence === 'running') this.beat(timer);
    else this.process.due(() => this.beat(timer));
  }

  private beat(timer: BeatTimer): void {
    const { clock, intervalMs, random } = this.options;
    this.tell(this.makeBeat());
    const sinceMs = clock.nowMs() - this.startedAtMs;
    const dueMs = (Math.floor(sinceMs / intervalMs) + 1) * intervalMs;
    const lateMs = this.load.beatLateMs === 0 ? 0 : Math.min(intervalMs - 1, random.exponential(this.load.beatLateMs));
    clock.plan(this.startedAtMs + dueMs + lateMs, timer);
  }

  private tell(beat: SimulatedBeat): void {
    const { clock, bus, intervalMs } = this.options;
    if (this.main.presence !== 'running') {
      this.main.receive(() => bus.publish(beat, this.partition, this.toBus, this.fromBus));
      if (this.mainLagMs >= CONFIRM_SHARE * intervalMs) this.lane.send(beat);
      else this.bring(beat, CONFIRM_SHARE * intervalMs);
      return;
    }
    const acknowledgedAtMs = bus.publish(beat, this.partition, this.toBus, this.fromBus);
    if (acknowledgedAtMs === REFUSED) this.lane.send(beat);
    else if (acknowledgedAtMs - clock.nowMs() > CONFIRM_SHARE * intervalMs) this.bring(beat, CONFIRM_SHARE * intervalMs);
  }

  /** By the other lane, when that time is up. */
  private bring(beat: SimulatedBeat, afterMs: number): void {
    this.process.wakeAfter(afterMs, () => this.lane.send(beat));
  }

  private look({ id, nodeId, incarnation, timeLimitMs }: ProbeOrder, report: (report: ProbeReport) => void): void {
    const { findTarget, random } = this.options;
    const target = findTarget(nodeId);
    if (target === undefined) return;
    const lateMs = this.load.probeLateMs === 0 ? 0 : random.exponential(this.load.probeLateMs);
    const ask = (): void => probe(this.asker, target, incarnation, timeLimitMs, (finding) => report({ id, ...finding, lateMs: lateMs + finding.lateMs }));
    if (lateMs === 0) ask();
    else this.process.wakeAfter(lateMs, ask);
  }

  private makeBeat(): SimulatedBeat {
    const { clock, intervalMs, clockRate } = this.options;
    if (this.life === null) throw new Error(`${this.nodeId} beats before it was started`);
    const nowMs = clock.nowMs();
    this.seq += 1;
    return new SimulatedBeat(this.life, this.profile, this.seq, (nowMs - this.startedAtMs) * clockRate, intervalMs, this.state, this.mainLagMs, WELL, nowMs);
  }
}
