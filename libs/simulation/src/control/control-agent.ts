/**
 * One member as the coordinators see it: beats through the bus, a direct lane to every coordinator, an answer to probes. Smaller than the
 * node of the detection scenarios, whose faults in detail (a frozen main loop, load, a late clock) are tried there.
 */
import type { Beat, Vitals } from '@muster/contracts';
import type { Profile } from '@muster/membership';
import type { Life } from '../ground-truth.js';
import type { SeededRandom } from '../seeded-random.js';
import { EPOCH_UNIX_MS, SimulatedBeat } from '../simulated-beat.js';
import { BUS, PARTITIONS, REFUSED, type SimulatedBus } from '../simulated-bus.js';
import { type LaneServer, type ProbeOrder, type ProbeReport, SimulatedLane } from '../simulated-lane.js';
import type { Link, SimulatedNetwork } from '../simulated-network.js';
import { probe, type Target } from '../simulated-probe.js';
import { SimulatedProcess } from '../simulated-process.js';
import type { VirtualClock } from '../virtual-clock.js';

export interface AgentOptions {
  readonly nodeId: string;
  readonly number: number;
  readonly zone: string;
  readonly service: string;
  readonly intervalMs: number;
  readonly clock: VirtualClock;
  readonly network: SimulatedNetwork;
  readonly random: SeededRandom;
  /** One for each coordinator: each reads the topic for itself. */
  readonly buses: readonly SimulatedBus[];
  readonly servers: ReadonlyMap<string, LaneServer>;
  readonly findTarget: (nodeId: string) => Target | undefined;
  readonly onStarted: (agent: ControlAgent, life: Life) => void;
  /** A beat is made: a coordinator gives its own to itself. */
  readonly onBeat?: (beat: SimulatedBeat) => void;
}

const CONFIRM_SHARE = 0.5;
const WELL: Vitals = { cpuProcess: 0.1, cpuHost: 0.2, memory: 0.4, eventLoopDelayMs: 12, errorRate: 0, checks: [] };

export class ControlAgent implements Target {
  readonly process: SimulatedProcess;
  readonly profile: Profile;
  readonly partition: number;
  readonly mainLagMs = 0;
  isHostUp = true;
  incarnation = 0;
  life: Life | null = null;
  private readonly lanes: readonly SimulatedLane[];
  private readonly toBus: Link;
  private readonly fromBus: Link;
  private startedAtMs = 0;
  private seq = 0;

  constructor(private readonly options: AgentOptions) {
    const { nodeId, number, zone, service, clock, network, servers } = options;
    this.process = new SimulatedProcess(clock);
    this.process.end();
    this.partition = number % PARTITIONS;
    this.profile = { service, zone, tags: {}, resources: { cores: 2, memoryBytes: 1e9 }, httpUrl: `http://${nodeId}:8080`, probeUrl: `tcp://${nodeId}:9000` };
    this.toBus = network.link(nodeId, BUS);
    this.fromBus = network.link(BUS, nodeId);
    this.lanes = [...servers].filter(([id]) => id !== nodeId).map(([coordinatorId, server]) => new SimulatedLane({ nodeId, coordinatorId, clock, network, process: this.process, server, onOrder: (order, report) => this.look(order, report) }));
  }

  get nodeId(): string {
    return this.options.nodeId;
  }

  get isRunning(): boolean {
    return this.process.presence !== 'gone';
  }

  start(): void {
    const { clock, nodeId, number, onStarted } = this.options;
    this.process.begin();
    this.isHostUp = true;
    this.startedAtMs = clock.nowMs();
    this.incarnation = Math.max(this.incarnation + 1, EPOCH_UNIX_MS + this.startedAtMs);
    this.life = { nodeId, number, incarnation: this.incarnation, startedAtMs: this.startedAtMs, endedAtMs: null, how: null, seq: 0, heardAtMs: null, aliveAtMs: this.startedAtMs };
    onStarted(this, this.life);
    this.seq = 0;
    for (const lane of this.lanes) lane.begin(this.incarnation);
    this.beat();
  }

  crash(how: 'process' | 'host'): void {
    if (this.life !== null) {
      this.life.endedAtMs = this.options.clock.nowMs();
      this.life.how = how;
    }
    this.isHostUp = how === 'process';
    this.process.end();
    for (const lane of this.lanes) lane.end(this.isHostUp);
  }

  leave(): void {
    this.tell(this.makeBeat('left'));
    this.crash('process');
    if (this.life !== null) this.life.how = 'left';
  }

  private beat(): void {
    const { clock, intervalMs } = this.options;
    this.tell(this.makeBeat('running'));
    const sinceMs = clock.nowMs() - this.startedAtMs;
    this.process.wakeAfter((Math.floor(sinceMs / intervalMs) + 1) * intervalMs - sinceMs, () => this.beat());
  }

  /** To the bus for everybody who reads it; by the lanes when the bus does not say in time that it has it. */
  private tell(beat: SimulatedBeat): void {
    const { buses, clock, intervalMs, onBeat } = this.options;
    onBeat?.(beat);
    let isRefused = false;
    let lateMs = 0;
    for (const bus of buses) {
      const atMs = bus.publish(beat, this.partition, this.toBus, this.fromBus);
      if (atMs === REFUSED) isRefused = true;
      else lateMs = Math.max(lateMs, atMs - clock.nowMs());
    }
    if (isRefused) this.sendByLanes(beat);
    else if (lateMs > CONFIRM_SHARE * intervalMs) this.process.wakeAfter(CONFIRM_SHARE * intervalMs, () => this.sendByLanes(beat));
  }

  private sendByLanes(beat: SimulatedBeat): void {
    for (const lane of this.lanes) lane.send(beat);
  }

  private look({ id, nodeId, incarnation, timeLimitMs }: ProbeOrder, report: (report: ProbeReport) => void): void {
    const { clock, network, findTarget } = this.options;
    const target = findTarget(nodeId);
    if (target === undefined) return;
    probe({ nodeId: this.nodeId, process: this.process, clock, network }, target, incarnation, timeLimitMs, (finding) => report({ id, ...finding }));
  }

  private makeBeat(state: Beat['state']): SimulatedBeat {
    const { clock, intervalMs } = this.options;
    if (this.life === null) throw new Error(`${this.nodeId} beats before it was started`);
    const nowMs = clock.nowMs();
    this.seq += 1;
    return new SimulatedBeat(this.life, this.profile, this.seq, nowMs - this.startedAtMs, intervalMs, state, 0, WELL, nowMs);
  }
}
