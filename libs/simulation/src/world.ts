/** A whole cluster in one thread: put together from a seed, driven step by step, checked after each. */
import { detectorConfig } from '@muster/failure-detector';
import { type CoordinatorSettings, SimulatedCoordinator } from './coordinator/simulated-coordinator.js';
import { GroundTruth } from './ground-truth.js';
import { Invariants } from './invariants.js';
import { QualityOfService } from './quality-of-service.js';
import { SeededRandom } from './seeded-random.js';
import { SimulatedNetwork } from './simulated-network.js';
import { type Ending, SimulatedNode } from './simulated-node.js';
import { StateHash } from './state-hash.js';
import { VirtualClock } from './virtual-clock.js';
import type { WideLane } from './wide-lane.js';

export interface WorldSettings extends CoordinatorSettings {
  readonly seed: number;
  readonly nodes: number;
}

export const COORDINATOR = 'coordinator-1';
const ZONES = ['zone-a', 'zone-b', 'zone-c'] as const;
/** Clocks go wrong by up to this. Ratio. */
const CLOCK_RATE_ERROR = 1e-4;
/** Nodes come one after the other, not at once. Milliseconds. */
const START_SPREAD_MS = 3000;
/** Changes that are told of when an invariant breaks. Count. */
const TRACE_MAX = 30;

export class World {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly network: SimulatedNetwork;
  readonly coordinator: SimulatedCoordinator;
  readonly nodes: readonly SimulatedNode[];
  readonly quality: QualityOfService;
  readonly trace: string[] = [];
  steps = 0;
  private readonly truth: GroundTruth;
  private readonly invariants: Invariants;
  private readonly hash = new StateHash();

  constructor(readonly settings: WorldSettings) {
    const { seed, intervalMs, failureTimeoutMs } = settings;
    const { clock } = this;
    this.random = new SeededRandom(seed);
    this.network = new SimulatedNetwork(clock, this.random.fork('network'));
    this.truth = new GroundTruth(2 * intervalMs);
    this.quality = new QualityOfService(this.truth);
    const byId = new Map<string, SimulatedNode>();
    this.coordinator = new SimulatedCoordinator({
      nodeId: COORDINATOR,
      settings,
      clock,
      network: this.network,
      random: this.random.fork('coordinator'),
      node: (nodeId) => byId.get(nodeId),
      onArrival: (beat, lane) => {
        // Proof is what it reads; a sign of life is what lies there to be read.
        this.coordinator.process.receive(() => {
          const isOwn = beat.nodeId === COORDINATOR;
          if (lane === 'bus' ? isOwn : !isOwn && !this.lane.isUp) this.truth.proven(clock.nowMs());
        });
        this.truth.arrived(beat, clock.nowMs());
      },
      onAnswer: (nodeId, askedAtMs) => this.truth.answered(nodeId, askedAtMs),
      onApplied: (entry, outcome) => {
        if (outcome.kind === 'changed') {
          this.note(JSON.stringify(outcome.change));
          this.quality.changed(outcome.change, clock.nowMs());
        }
        this.invariants.applied(entry, outcome, clock.nowMs());
      },
    });
    this.invariants = new Invariants(this.coordinator.membership, this.truth, { silentMs: detectorConfig(settings).silentMs, failureTimeoutMs, intervalMs });
    const random = this.random.fork('nodes');
    this.nodes = Array.from({ length: settings.nodes }, (_, at) => {
      const clockRate = 1 + random.between(-CLOCK_RATE_ERROR, CLOCK_RATE_ERROR);
      const zone = ZONES[at % ZONES.length] ?? 'zone-a';
      const node = new SimulatedNode({ nodeId: `node-${at + 1}`, zone, intervalMs, clock, network: this.network, lane: this.lane, coordinatorId: COORDINATOR, deliverDirect: (beat) => this.coordinator.arrive([beat], 'http'), clockRate });
      byId.set(node.nodeId, node);
      clock.at(random.between(0, START_SPREAD_MS), 'start', node.nodeId, () => this.start(node));
      return node;
    });
    clock.at(0, 'start', COORDINATOR, () => {
      this.coordinator.start();
      this.truth.started(COORDINATOR, this.coordinator.incarnation, clock.nowMs());
    });
  }

  get lane(): WideLane {
    return this.coordinator.lane;
  }

  /** Of everything that happened so far. */
  digest(): string {
    return this.hash.digest();
  }

  runUntil(untilMs: number): void {
    for (let step = this.clock.step(untilMs); step !== null; step = this.clock.step(untilMs)) {
      this.steps += 1;
      this.hash.number(step.atMs).text(step.kind).text(step.subject).number(this.coordinator.membership.index);
      this.invariants.afterStep(step.atMs);
    }
  }

  /** A new life of a node that has ended, or its first. */
  start(node: SimulatedNode): void {
    if (node.isRunning) return;
    node.start();
    this.truth.started(node.nodeId, node.incarnation, this.clock.nowMs());
    this.countRunning();
  }

  end(node: SimulatedNode, how: Ending): void {
    if (!node.isRunning) return;
    const nowMs = this.clock.nowMs();
    if (how === 'left') node.leave();
    else node.crash(how);
    this.truth.ended(node.nodeId, nowMs, how);
    this.quality.ended(node.nodeId, nowMs);
    if (how !== 'left') this.invariants.crashed(node.nodeId, node.incarnation, nowMs);
    this.countRunning();
  }

  pauseCoordinator(durationMs: number): void {
    this.coordinator.process.pause(durationMs);
    this.truth.absent(this.clock.nowMs(), this.clock.nowMs() + durationMs);
  }

  private countRunning(): void {
    this.quality.running(this.nodes.filter((node) => node.isRunning).length, this.clock.nowMs());
  }

  private note(change: string): void {
    this.hash.text(change);
    this.trace.push(`${(this.clock.nowMs() / 1000).toFixed(3)} s ${change}`);
    if (this.trace.length > TRACE_MAX) this.trace.shift();
  }
}
