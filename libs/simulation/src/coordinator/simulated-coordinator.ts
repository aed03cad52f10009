/**
 * One coordinator in the simulated world: real detectors, score, policy and state machine, over a simulated process, log and
 * lanes. It is a member itself, and its own beat through the bus is its proof that it sees.
 */
import type { Beat } from '@muster/contracts';
import { newestBeats, type ProbeResult, Sightings } from '@muster/evidence';
import { detectorConfig } from '@muster/failure-detector';
import { SCORE_DEFAULTS } from '@muster/health-score';
import { type Entry, Membership, membershipRules, type Outcome } from '@muster/membership';
import type { SeededRandom } from '../seeded-random.js';
import type { SimulatedNetwork } from '../simulated-network.js';
import { SimulatedNode } from '../simulated-node.js';
import type { SimulatedProcess } from '../simulated-process.js';
import type { VirtualClock } from '../virtual-clock.js';
import { WideLane } from '../wide-lane.js';
import { DetectionLoop, type Lane } from './detection-loop.js';
import { SimulatedLog } from './simulated-log.js';

export interface CoordinatorSettings {
  readonly intervalMs: number;
  readonly failureTimeoutMs: number;
  readonly phiThreshold: number;
  readonly stabilisationMs: number;
}

export interface SimulatedCoordinatorOptions {
  readonly nodeId: string;
  readonly settings: CoordinatorSettings;
  readonly clock: VirtualClock;
  readonly network: SimulatedNetwork;
  readonly random: SeededRandom;
  readonly node: (nodeId: string) => SimulatedNode | undefined;
  readonly onApplied: (entry: Entry, outcome: Outcome) => void;
  /** A beat lies in the kernel of the coordinator's host, whether or not the coordinator runs. */
  readonly onArrival: (beat: Beat, lane: Lane) => void;
  readonly onAnswer: (nodeId: string, askedAtMs: number) => void;
}

/** Time for a whole probe. Milliseconds. */
const PROBE_MS_MAX = 1000;

export class SimulatedCoordinator {
  readonly lane: WideLane;
  readonly membership: Membership;
  private readonly self: SimulatedNode;
  private readonly loop: DetectionLoop;

  constructor(private readonly options: SimulatedCoordinatorOptions) {
    const { nodeId, settings, clock, network, random } = options;
    const { intervalMs } = settings;
    this.lane = new WideLane({ clock, network, reader: nodeId, deliver: (beats) => this.arrive(beats, 'bus') });
    this.self = new SimulatedNode({ nodeId, zone: 'zone-a', intervalMs, clock, network, lane: this.lane, coordinatorId: nodeId, deliverDirect: (beat) => this.arrive([beat], 'http'), clockRate: 1, onBeat: (beat) => this.loop.heard(beat, 1, 'local') });
    this.membership = new Membership(membershipRules({ stabilisationMs: settings.stabilisationMs }));
    const sights = new Sightings({ detector: detectorConfig(settings), score: SCORE_DEFAULTS, intervalMs });
    const log = new SimulatedLog({
      process: this.process,
      random: random.fork('log'),
      membership: this.membership,
      onApplied: (entry, outcome) => {
        if (outcome.kind === 'changed' && outcome.change.kind === 'transition') sights.agreed(outcome.change.member, outcome.change.from, clock.nowMs());
        options.onApplied(entry, outcome);
      },
    });
    const probe = (id: string, incarnation: number, done: (result: ProbeResult) => void): void => this.probe(id, incarnation, done);
    this.loop = new DetectionLoop({ nodeId, intervalMs, clock, process: this.process, membership: this.membership, sights, log, probe, isBusUp: () => this.lane.isUp });
  }

  get process(): SimulatedProcess {
    return this.self.process;
  }

  get incarnation(): number {
    return this.self.incarnation;
  }

  start(): void {
    this.self.start();
    this.loop.start();
  }

  /** Beats reached this host. */
  arrive(beats: readonly Beat[], lane: Lane): void {
    for (const beat of beats) this.options.onArrival(beat, lane);
    this.process.receive(() => {
      for (const { beat, count } of newestBeats(beats).values()) this.loop.heard(beat, count, lane);
    });
  }

  private probe(nodeId: string, incarnation: number, done: (result: ProbeResult) => void): void {
    const { network, node, nodeId: ownId, clock, onAnswer } = this.options;
    const askedAtMs = clock.nowMs();
    let isDone = false;
    const finish = (result: ProbeResult): void => {
      if (isDone) return;
      isDone = true;
      timeout.cancel();
      if (result === 'answered') onAnswer(nodeId, askedAtMs);
      done(result);
    };
    const timeout = this.process.wakeAfter(PROBE_MS_MAX, 'probe-timeout', () => finish('silent'));
    network.send(ownId, nodeId, 'probe', () => {
      node(nodeId)?.probed(incarnation, (result) => network.send(nodeId, ownId, 'probe-answer', () => this.process.receive(() => finish(result))));
    });
  }
}
