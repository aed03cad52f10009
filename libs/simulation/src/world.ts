/** A whole cluster in one thread: put together from a seed, driven in virtual time, checked whenever something changes. */
import type { Brake } from '@muster/contracts';
import { type Now, type Observer, type ObserverOptions } from '@muster/evidence';
import { detectorConfig } from '@muster/failure-detector';
import { SCORE_DEFAULTS } from '@muster/health-score';
import { type Change, type Entry, Membership, membershipRules, type Outcome } from '@muster/membership';
import { SimulatedCoordinator } from './coordinator/simulated-coordinator.js';
import { GroundTruth, type Life } from './ground-truth.js';
import { Invariants } from './invariants.js';
import { QualityOfService } from './quality-of-service.js';
import { SeededRandom } from './seeded-random.js';
import { EPOCH_UNIX_MS, type SimulatedBeat } from './simulated-beat.js';
import { PARTITIONS, type SimulatedBus } from './simulated-bus.js';
import { SimulatedNetwork } from './simulated-network.js';
import { type Ending, SimulatedNode } from './simulated-node.js';
import { StateHash } from './state-hash.js';
import { VirtualClock } from './virtual-clock.js';

export interface WorldSettings {
  readonly seed: number;
  readonly nodes: number;
  readonly intervalMs: number;
  readonly failureTimeoutMs: number;
  readonly hungTimeoutMs: number;
  readonly stabilisationMs: number;
  readonly preset: 'local' | 'lan' | 'wan';
}

export const WORLD_DEFAULTS: Omit<WorldSettings, 'seed' | 'nodes' | 'intervalMs'> = { failureTimeoutMs: 15_000, hungTimeoutMs: 60_000, stabilisationMs: 30_000, preset: 'lan' };

export const COORDINATOR = 'coordinator-1';
const ZONES = ['zone-a', 'zone-b', 'zone-c'] as const;
/** Clocks go wrong by up to this. Ratio. */
const CLOCK_RATE_ERROR = 1e-4;
/** Nodes come one after the other, not at once. Milliseconds. */
const START_SPREAD_MS = 3000;
/** Without anything through a partition for so long, nobody can be held to have seen what comes by it. Intervals. */
const PROOF_INTERVALS = 2.5;
/** Changes that are told of when an invariant breaks. Count. */
const TRACE_MAX = 30;
const PROBE_MS_MAX = { local: 500, lan: 500, wan: 1500 } as const;

export type Observe = (options: ObserverOptions, now: Now) => Observer;

export class World {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly network: SimulatedNetwork;
  readonly coordinator: SimulatedCoordinator;
  readonly membership: Membership;
  readonly nodes: readonly SimulatedNode[];
  readonly quality: QualityOfService;
  readonly truth: GroundTruth;
  /** The last changes. */
  readonly trace: string[] = [];
  /** The last changes before the first wrong DOWN; empty while there is none. */
  wrong: readonly string[] = [];
  /** Told of each process of a node that begins. */
  onStarted: ((node: SimulatedNode, life: Life) => void) | null = null;
  private readonly byId = new Map<string, SimulatedNode>();
  private readonly invariants: Invariants;
  private readonly hash = new StateHash();
  private brakes: readonly Brake[] = [];
  private runningCount = 0;

  constructor(
    readonly settings: WorldSettings,
    observe: Observe,
  ) {
    const { seed, intervalMs, failureTimeoutMs, hungTimeoutMs, preset } = settings;
    const { clock } = this;
    this.random = new SeededRandom(seed);
    this.network = new SimulatedNetwork(clock, this.random.fork('network'));
    this.truth = new GroundTruth({ proofMsMax: PROOF_INTERVALS * intervalMs, partitions: PARTITIONS });
    this.membership = new Membership(membershipRules({ stabilisationMs: settings.stabilisationMs }));
    this.quality = new QualityOfService(intervalMs, this.truth, (nodeId) => this.byId.get(nodeId));
    const rules = { failureTimeoutMs, hungTimeoutMs, brakeFraction: 0.3, brakeHoldMs: 60_000, probeTimeLimitMs: PROBE_MS_MAX[preset] };
    const detector = detectorConfig({ phiThreshold: 8, failureTimeoutMs, preset });
    this.coordinator = new SimulatedCoordinator({
      nodeId: COORDINATOR,
      observe: (own, now) => observe({ ...own, detector, score: SCORE_DEFAULTS, intervalMs, rules, partitionOf: (nodeId) => this.byId.get(nodeId)?.partition ?? null }, now),
      membership: this.membership,
      intervalMs,
      clock,
      network: this.network,
      random: this.random.fork('coordinator'),
      findTarget: (nodeId) => this.byId.get(nodeId),
      onStarted: (incarnation, atMs) => this.truth.started(COORDINATOR, incarnation, atMs),
      onArrival: (beats, partition) => this.arrived(beats, partition),
      onAnswer: (nodeId, askedAtMs) => this.truth.answered(nodeId, askedAtMs),
      onApplied: (entry, outcome, changes) => this.applied(entry, outcome, changes),
    });
    this.invariants = new Invariants({ clock, membership: this.membership, truth: this.truth, node: (nodeId) => this.byId.get(nodeId), limits: { failureTimeoutMs, hungTimeoutMs, intervalMs }, observer: () => ({ startedAtMs: this.coordinator.startedAtMs, isBusUp: this.bus.isUp }) });
    const random = this.random.fork('nodes');
    this.nodes = Array.from({ length: settings.nodes }, (_, at) => this.node(at, random));
    clock.at(0, () => this.coordinator.start());
  }

  get bus(): SimulatedBus {
    return this.coordinator.bus;
  }

  /** Of everything that happened so far. */
  digest(): string {
    return this.hash.digest();
  }

  get steps(): number {
    return this.clock.steps;
  }

  runUntil(untilMs: number): void {
    this.clock.runUntil(untilMs);
  }

  /** A new life of a node that has ended, or its first. */
  start(node: SimulatedNode): void {
    if (node.isRunning) return;
    node.start();
    this.count(1);
  }

  end(node: SimulatedNode, how: Ending): void {
    if (!node.isRunning) return;
    const nowMs = this.clock.nowMs();
    if (how === 'left') node.leave();
    else node.crash(how);
    this.truth.ended(node.nodeId, nowMs, how);
    this.quality.ended(node.nodeId, nowMs);
    if (how !== 'left') this.invariants.crashed(node.nodeId, node.incarnation);
    this.count(-1);
  }

  pauseCoordinator(durationMs: number): void {
    this.coordinator.process.pause(durationMs);
    this.truth.absent(this.clock.nowMs(), this.clock.nowMs() + durationMs);
  }

  /** Kills the coordinator; another process takes up what was agreed. */
  restartCoordinator(awayMs: number): void {
    const { clock, coordinator, truth } = this;
    if (coordinator.process.presence === 'gone') return;
    const nowMs = clock.nowMs();
    truth.ended(COORDINATOR, nowMs, 'process');
    truth.absent(nowMs, nowMs + awayMs);
    coordinator.end();
    clock.after(awayMs, () => {
      coordinator.start();
      // The pause of the process before it ended with it.
      truth.back(nowMs + awayMs);
    });
  }

  private node(number: number, random: SeededRandom): SimulatedNode {
    const { clock, network, coordinator, settings } = this;
    const nodeId = `node-${number + 1}`;
    const clockRate = 1 + random.between(-CLOCK_RATE_ERROR, CLOCK_RATE_ERROR);
    const node: SimulatedNode = new SimulatedNode({
      nodeId,
      number,
      zone: ZONES[number % ZONES.length] ?? 'zone-a',
      intervalMs: settings.intervalMs,
      clock,
      network,
      random: random.fork(nodeId),
      bus: this.bus,
      coordinatorId: COORDINATOR,
      server: coordinator,
      findTarget: (id) => this.byId.get(id),
      onStarted: (incarnation, atMs) => {
        const life = this.truth.started(nodeId, incarnation, atMs);
        this.onStarted?.(node, life);
        return life;
      },
      clockRate,
    });
    this.byId.set(nodeId, node);
    clock.at(random.between(0, START_SPREAD_MS), () => this.start(node));
    return node;
  }

  /** For each beat: nothing here may cost much. */
  private arrived(beats: readonly SimulatedBeat[], partition: number | null): void {
    const nowMs = this.clock.nowMs();
    for (const beat of beats) {
      const { life, seq } = beat;
      this.truth.arrived(life, beat, nowMs);
      this.hash.word(Math.imul(life.number, 65_599) ^ seq ^ (nowMs << 8));
    }
    if (partition === null && this.bus.isUp) return;
    // Proof is what it reads, not what lies there unread.
    const { process } = this.coordinator;
    if (process.presence === 'running') this.truth.proven(partition, nowMs);
    else process.receive(() => this.truth.proven(partition, this.clock.nowMs()));
  }

  private applied(entry: Entry, outcome: Outcome, changes: readonly Change[]): void {
    const nowMs = this.clock.nowMs();
    for (const change of changes) this.note(JSON.stringify(change));
    this.quality.changed(changes, nowMs);
    if (this.quality.wrongDowns > 0 && this.wrong.length === 0) this.wrong = [...this.trace];
    const protectedIds = new Set(this.brakes.flatMap(({ nodeIds, holdsUntilUnixMs }) => (holdsUntilUnixMs > EPOCH_UNIX_MS + nowMs ? nodeIds : [])));
    this.invariants.applied(entry, outcome, changes, protectedIds);
    this.brakes = this.membership.brakes();
  }

  private count(by: number): void {
    this.runningCount += by;
    this.quality.running(this.runningCount, this.clock.nowMs());
  }

  private note(change: string): void {
    this.hash.number(this.clock.nowMs()).text(change);
    this.trace.push(`${(this.clock.nowMs() / 1000).toFixed(3)} s ${change}`);
    if (this.trace.length > TRACE_MAX) this.trace.shift();
  }
}
