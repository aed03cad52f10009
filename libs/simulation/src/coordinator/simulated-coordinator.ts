/**
 * One coordinator in the simulated world: the real observer and state machine, over a simulated process, log, bus and lanes. Performs
 * effects and decides nothing, as the shell of apps/coordinator, whose order it keeps.
 */
import type { Beat, Vitals } from '@muster/contracts';
import { type Effect, newestBeats, type NewestBeat, type Now, type Observer, type ObserverInput, type ObserverOptions, TICK_MS } from '@muster/evidence';
import { type Change, type Entry, type Membership, type Outcome } from '@muster/membership';
import type { Life } from '../ground-truth.js';
import type { SeededRandom } from '../seeded-random.js';
import { EPOCH_UNIX_MS, SimulatedBeat } from '../simulated-beat.js';
import { BUS, PARTITIONS, REFUSED, SimulatedBus } from '../simulated-bus.js';
import type { LaneConnection, LaneServer, ProbeReport } from '../simulated-lane.js';
import type { Link, SimulatedNetwork } from '../simulated-network.js';
import { probe, type Target } from '../simulated-probe.js';
import { SimulatedProcess } from '../simulated-process.js';
import type { VirtualClock } from '../virtual-clock.js';
import { Alarm } from './alarm.js';
import { SimulatedLog, TERM } from './simulated-log.js';

export interface SimulatedCoordinatorOptions {
  readonly nodeId: string;
  readonly observe: (options: Pick<ObserverOptions, 'nodeId' | 'membership'>, now: Now) => Observer;
  readonly membership: Membership;
  readonly intervalMs: number;
  readonly clock: VirtualClock;
  readonly network: SimulatedNetwork;
  readonly random: SeededRandom;
  readonly findTarget: (nodeId: string) => Target | undefined;
  readonly onStarted: (incarnation: number, atMs: number) => Life;
  readonly onApplied: (entry: Entry, outcome: Outcome, changes: readonly Change[]) => void;
  /** Beats lie in the kernel of the coordinator's host, whether or not it runs. */
  readonly onArrival: (beats: readonly SimulatedBeat[], partition: number | null) => void;
  readonly onAnswer: (nodeId: string, askedAtMs: number) => void;
}

/** For the way to a helper and back, beyond its time to look. Milliseconds. */
const HELPER_EXTRA_MS = 250;
/** So many beats are compared with each other at less cost than a map. Count. */
const FEW_BEATS = 8;
const VITALS: Vitals = { cpuProcess: 0.1, cpuHost: 0.2, memory: 0.4, eventLoopDelayMs: 12, errorRate: 0, checks: [] };

interface Asked {
  readonly by: string;
  readonly answer: (report: ProbeReport | null) => void;
}

export class SimulatedCoordinator implements LaneServer {
  readonly process: SimulatedProcess;
  readonly bus: SimulatedBus;
  /** Of its latest process. */
  startedAtMs = 0;
  private readonly lanes = new Map<string, LaneConnection>();
  private readonly asked = new Map<number, Asked>();
  private readonly alarm: Alarm;
  private readonly log: SimulatedLog;
  private readonly toBus: Link;
  private readonly fromBus: Link;
  private latest: Now = { ms: 0, unixMs: EPOCH_UNIX_MS };
  private observer: Observer;
  private orders = 0;
  private incarnation = 0;
  private seq = 0;
  private wasBusUp = true;

  constructor(private readonly options: SimulatedCoordinatorOptions) {
    const { nodeId, clock, network, random, membership, observe, onApplied } = options;
    this.process = new SimulatedProcess(clock);
    this.bus = new SimulatedBus({ clock, network, reader: nodeId, deliver: (partition, beats) => this.arrive(partition, beats) });
    this.toBus = network.link(nodeId, BUS);
    this.fromBus = network.link(BUS, nodeId);
    this.observer = observe({ nodeId, membership }, this.now());
    this.alarm = new Alarm(clock, this.process, () => this.step({ kind: 'alarm' }));
    this.log = new SimulatedLog({
      clock,
      process: this.process,
      random: random.fork('log'),
      membership,
      observer: () => this.observer,
      onApplied,
      onSettled: (settled, changes) => {
        if (changes.length > 0) this.step({ kind: 'changes', changes });
        this.step({ kind: 'settled', ...settled });
      },
    });
  }

  get sees(): Observer {
    return this.observer;
  }

  /** Also after an end: what was agreed is still there, what was seen is not. */
  start(): void {
    const { clock, observe, nodeId, membership, onStarted } = this.options;
    this.process.begin();
    this.startedAtMs = clock.nowMs();
    this.incarnation = Math.max(this.incarnation + 1, EPOCH_UNIX_MS + this.startedAtMs);
    this.seq = 0;
    const life = onStarted(this.incarnation, this.startedAtMs);
    this.observer = observe({ nodeId, membership }, this.now());
    this.step({ kind: 'role', isLeader: true, term: TERM });
    this.step({ kind: 'bus', isUp: this.bus.isUp });
    this.tick();
    this.ownBeat(life);
  }

  /** Its process ends, and the kernel hangs up. */
  end(): void {
    this.process.end();
    this.alarm.arm(null);
    this.log.end();
    this.asked.clear();
    for (const connection of this.lanes.values()) connection.hangUp();
    this.lanes.clear();
  }

  get isListening(): boolean {
    return this.process.presence !== 'gone';
  }

  opened(connection: LaneConnection): void {
    const { nodeId, incarnation } = connection;
    this.process.receive(() => {
      this.lanes.set(nodeId, connection);
      this.step({ kind: 'lane', nodeId, incarnation, is: 'open' });
    });
  }

  closed(connection: LaneConnection): void {
    const { nodeId, incarnation } = connection;
    this.process.receive(() => {
      // The one before it, of which the agent had given up: no news.
      if (this.lanes.get(nodeId) !== connection) return;
      this.lanes.delete(nodeId);
      this.step({ kind: 'lane', nodeId, incarnation, is: 'closed' });
    });
  }

  beat(connection: LaneConnection, beat: SimulatedBeat): void {
    this.options.onArrival([beat], null);
    this.process.receive(() => {
      connection.acknowledge();
      this.step({ kind: 'beats', beats: [{ beat, count: 1 }], lane: 'direct', partition: null });
    });
  }

  probed(_connection: LaneConnection, report: ProbeReport): void {
    this.process.receive(() => this.asked.get(report.id)?.answer(report));
  }

  private arrive(partition: number, beats: readonly SimulatedBeat[]): void {
    this.options.onArrival(beats, partition);
    const take = (): void => this.step({ kind: 'beats', beats: newestOf(beats), lane: 'bus', partition });
    if (this.process.presence === 'running') take();
    else this.process.receive(take);
  }

  /** It is a member itself, and sends its beat through each partition: that it comes back proves that others would be heard. */
  private ownBeat(life: Life): void {
    const { clock, intervalMs, nodeId } = this.options;
    this.seq += 1;
    const nowMs = clock.nowMs();
    const profile = { service: 'coordinator', zone: 'zone-a', tags: {}, resources: { cores: 2, memoryBytes: 1e9 }, httpUrl: `http://${nodeId}:8081`, probeUrl: null };
    const beat = new SimulatedBeat(life, profile, this.seq, nowMs - this.startedAtMs, intervalMs, 'running', 0, VITALS, nowMs);
    this.step({ kind: 'beats', beats: [{ beat, count: 1 }], lane: 'local', partition: null });
    let isUp = true;
    for (let partition = 0; partition < PARTITIONS; partition++) isUp = this.bus.publish(beat, partition, this.toBus, this.fromBus) !== REFUSED;
    if (isUp !== this.wasBusUp) this.step({ kind: 'bus', isUp: (this.wasBusUp = isUp) });
    const sinceMs = nowMs - this.startedAtMs;
    this.process.wakeAfter((Math.floor(sinceMs / intervalMs) + 1) * intervalMs - sinceMs, () => this.ownBeat(life));
  }

  private tick(): void {
    this.process.wakeAfter(TICK_MS, () => {
      this.tick();
      this.step({ kind: 'tick' });
    });
  }

  private now(): Now {
    const ms = this.options.clock.nowMs();
    if (ms !== this.latest.ms) this.latest = { ms, unixMs: EPOCH_UNIX_MS + ms };
    return this.latest;
  }

  private step(input: ObserverInput): void {
    for (const effect of this.observer.step(input, this.now())) this.perform(effect);
  }

  private perform(effect: Effect): void {
    switch (effect.kind) {
      case 'arm':
        return this.alarm.arm(effect.atMs);
      case 'probe':
        return effect.by === this.options.nodeId ? this.look(effect) : this.send(effect);
      case 'propose':
        return this.log.propose(effect.ticket);
      case 'report':
        return;
    }
  }

  private look({ target, by, timeLimitMs, askedAtMs }: Extract<Effect, { kind: 'probe' }>): void {
    const { nodeId, incarnation } = target;
    const there = this.options.findTarget(nodeId);
    if (there === undefined) return this.process.immediately(() => this.step({ kind: 'probed', nodeId, incarnation, by, result: 'silent', mainLagMs: 0, askedAtMs, lateMs: 0 }));
    const { clock, network, onAnswer, nodeId: ownId } = this.options;
    probe({ nodeId: ownId, process: this.process, clock, network }, there, incarnation, timeLimitMs, ({ result, mainLagMs, lateMs }) => {
      if (result === 'answered') onAnswer(nodeId, askedAtMs);
      this.step({ kind: 'probed', nodeId, incarnation, by, result, mainLagMs, askedAtMs, lateMs });
    });
  }

  private send({ target, by, timeLimitMs, askedAtMs }: Extract<Effect, { kind: 'probe' }>): void {
    const { nodeId, incarnation } = target;
    const id = this.orders++;
    const answer = (report: ProbeReport | null): void => {
      if (!this.asked.delete(id)) return;
      timeout.cancel();
      if (report?.result === 'answered') this.options.onAnswer(nodeId, askedAtMs);
      this.step({ kind: 'probed', nodeId, incarnation, by, result: report?.result ?? null, mainLagMs: report?.mainLagMs ?? 0, askedAtMs, lateMs: report?.lateMs ?? 0 });
    };
    const lane = this.lanes.get(by);
    const timeout = this.process.wakeAfter(lane === undefined ? 0 : timeLimitMs + HELPER_EXTRA_MS, () => this.process.immediately(() => answer(null)));
    this.asked.set(id, { by, answer });
    lane?.order({ id, nodeId, incarnation, timeLimitMs });
  }
}

/** Most batches hold a few beats, each of another node: no map for those. */
function newestOf(beats: readonly Beat[]): Iterable<NewestBeat> {
  return areOfDifferentNodes(beats) ? beats.map((beat) => ({ beat, count: 1 })) : newestBeats(beats).values();
}

function areOfDifferentNodes(beats: readonly Beat[]): boolean {
  if (beats.length > FEW_BEATS) return false;
  for (let at = 1; at < beats.length; at++) for (let before = 0; before < at; before++) if (beats[at]?.nodeId === beats[before]?.nodeId) return false;
  return true;
}
