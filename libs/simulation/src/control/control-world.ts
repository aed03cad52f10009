/** Coordinators, agents, Kafka and the network between them, put together from a seed and watched. What goes wrong when is `control-faults.ts`'s. */
import { detectorConfig } from '@muster/failure-detector';
import { SCORE_DEFAULTS } from '@muster/health-score';
import { type Change, changesOf, membershipRules } from '@muster/membership';
import type { Configuration, Message } from '@muster/raft';
import { RaftMember } from '../raft/raft-member.js';
import { RaftMonitors } from '../raft/raft-monitors.js';
import type { SeededRandom } from '../seeded-random.js';
import { PARTITIONS } from '../simulated-bus.js';
import { ANY, SimulatedNetwork } from '../simulated-network.js';
import { StateHash } from '../state-hash.js';
import { VirtualClock } from '../virtual-clock.js';
import type { CommandBook } from './agreed-log.js';
import { ControlAgent } from './control-agent.js';
import { ControlCoordinator, type CoordinatorHost } from './control-coordinator.js';
import { ControlMonitors } from './control-monitors.js';
import type { ControlSettings } from './control-settings.js';
import { KafkaModel } from './kafka-model.js';

const ZONES = ['zone-a', 'zone-b', 'zone-c'] as const;
const START_SPREAD_MS = 3000;
const RULES = { failureTimeoutMs: 15_000, hungTimeoutMs: 60_000, brakeFraction: 0.3, brakeHoldMs: 60_000, probeTimeLimitMs: 500 };
const STABILISATION_MS = 30_000;

export class ControlWorld {
  readonly clock = new VirtualClock();
  readonly network: SimulatedNetwork;
  readonly coordinators = new Map<string, ControlCoordinator>();
  readonly agents = new Map<string, ControlAgent>();
  readonly kafka: KafkaModel;
  readonly raftMonitors: RaftMonitors;
  readonly monitors: ControlMonitors;
  readonly counts = { coordinatorCrashes: 0, agentCrashes: 0, laneFaults: 0, messages: 0 };
  /** Told of each crash of a coordinator. */
  onCrashed: ((nodeId: string) => void) | null = null;
  private readonly members = new Map<string, RaftMember>();
  private readonly hash = new StateHash();
  private readonly book: CommandBook = { commands: [], snapshots: [] };
  private readonly changes: Change[] = [];

  constructor(
    readonly settings: ControlSettings,
    random: SeededRandom,
  ) {
    const { clock, members } = this;
    this.network = new SimulatedNetwork(clock, random.fork('network'));
    this.network.change(ANY, ANY, { delayMsTail: settings.delayMsTail });
    this.raftMonitors = new RaftMonitors(members, () => clock.nowMs());
    const violate = (what: string): void => this.raftMonitors.violate(what);
    this.kafka = new KafkaModel(clock, random.fork('kafka'), settings.publishErrorRate, this.changes, violate);
    this.monitors = new ControlMonitors({ clock, changes: this.changes, agents: this.agents, violate });
    const ids = Array.from({ length: settings.coordinators }, (_, at) => `coordinator-${at + 1}`);
    for (const id of ids) this.addCoordinator(id, { voters: ids, outgoing: [], learners: [] }, random.fork(id));
    for (const from of ids) for (const to of ids) if (from !== to) this.network.change(from, to, { lossRate: settings.lossRate, duplicationRate: settings.duplicationRate });
    ids.forEach((id, at) => this.addAgent(id, at, 'coordinator', random.fork(`agent of ${id}`)));
    for (let at = 0; at < settings.agents; at++) this.addAgent(`node-${at + 1}`, at, 'node', random.fork(`node-${at + 1}`));
  }

  start(random: SeededRandom): void {
    for (const id of this.coordinators.keys()) this.startCoordinator(id);
    for (const agent of this.agents.values()) {
      if (!this.coordinators.has(agent.nodeId)) this.clock.at(random.between(0, START_SPREAD_MS), () => agent.start());
    }
  }

  digest(): string {
    return this.hash.digest();
  }

  startCoordinator(nodeId: string): void {
    const coordinator = this.coordinators.get(nodeId);
    if (coordinator === undefined || coordinator.isListening) return;
    coordinator.start();
    this.agents.get(nodeId)?.start();
  }

  crashCoordinator(nodeId: string): void {
    // All of its threads end with it: see `onCrashed` of the member.
    this.members.get(nodeId)?.crash();
  }

  pauseCoordinator(nodeId: string, forMs: number): void {
    if (this.coordinators.get(nodeId)?.isListening !== true) return;
    this.coordinators.get(nodeId)?.main.pause(forMs);
    this.members.get(nodeId)?.pause(forMs);
    this.agents.get(nodeId)?.process.pause(forMs);
    this.monitors.troubled(nodeId, forMs);
  }

  /** The one with a mandate of the highest term, if there is one. */
  leader(): ControlCoordinator | null {
    let found: ControlCoordinator | null = null;
    for (const coordinator of this.coordinators.values()) {
      if (coordinator.isListening && coordinator.log.mandate.isLeader && coordinator.log.mandate.term > (found?.log.mandate.term ?? -1)) found = coordinator;
    }
    return found;
  }

  get agreedChanges(): readonly Change[] {
    return this.changes;
  }

  private addCoordinator(nodeId: string, config: Configuration, random: SeededRandom): void {
    const { settings, network, clock } = this;
    const options = { electionTicks: settings.electionTicks, heartbeatTicks: settings.heartbeatTicks };
    const member: RaftMember = new RaftMember(nodeId, config, settings, options, 1 + random.between(-settings.clockRateError, settings.clockRateError), random, {
      clock,
      send: (message) => this.send(message),
      onWriting: (of, raft, ready) => this.raftMonitors.writing(of, raft, ready),
      onSaid: ({ id }, message) => this.raftMonitors.said(id, message),
      onRestored: (_, snapshot) => coordinator.log.restored(snapshot),
      onApplied: (_, entries) => coordinator.log.committed(entries),
      onRead: (_, { requestId, index }) => coordinator.log.readable(requestId, index),
      onTurned: (of, raft) => {
        this.raftMonitors.turned(of, raft);
        coordinator.log.turned(raft);
      },
      onCrashed: () => this.ended(nodeId),
    });
    const coordinator = new ControlCoordinator(nodeId, member, random.between(-settings.wallErrorMs, settings.wallErrorMs), this.host());
    this.members.set(nodeId, member);
    this.coordinators.set(nodeId, coordinator);
    network.link(nodeId, nodeId);
  }

  private host(): CoordinatorHost {
    const { clock, network, kafka, book, settings } = this;
    const { intervalMs, snapshotEntries } = settings;
    return {
      clock,
      network,
      kafka,
      book,
      rules: membershipRules({ stabilisationMs: STABILISATION_MS }),
      observer: {
        detector: detectorConfig({ phiThreshold: 8, failureTimeoutMs: RULES.failureTimeoutMs, preset: 'lan' }),
        score: SCORE_DEFAULTS,
        intervalMs,
        rules: RULES,
        partitionOf: (nodeId) => this.agents.get(nodeId)?.partition ?? null,
      },
      snapshotEntries,
      findTarget: (nodeId) => this.agents.get(nodeId),
      onApplied: ({ nodeId }, entry, outcome) => {
        const changes = changesOf(outcome);
        if (changes.length > 0) this.hash.number(clock.nowMs()).text(JSON.stringify(changes));
        this.monitors.applied(nodeId, entry, outcome, changes);
      },
      onState: ({ nodeId }, { index, hash }) => this.raftMonitors.applied(nodeId, index, hash),
    };
  }

  private addAgent(nodeId: string, number: number, service: string, random: SeededRandom): void {
    const { clock, network, settings } = this;
    const own = this.coordinators.get(nodeId);
    const agent: ControlAgent = new ControlAgent({
      nodeId,
      number,
      zone: ZONES[number % ZONES.length] ?? ZONES[0],
      service,
      intervalMs: settings.intervalMs,
      clock,
      network,
      random,
      buses: [...this.coordinators.values()].map(({ bus }) => bus),
      servers: this.coordinators,
      findTarget: (id) => this.agents.get(id),
      onStarted: (of, life) => this.monitors.started(of, life),
      ...(own === undefined ? {} : { onBeat: (beat) => own.ownBeat(beat, number % PARTITIONS) }),
    });
    this.agents.set(nodeId, agent);
  }

  /** The Raft thread ended by itself, or was ended: the process goes with it. */
  private ended(nodeId: string): void {
    this.counts.coordinatorCrashes += 1;
    this.raftMonitors.crashed(nodeId);
    this.coordinators.get(nodeId)?.end();
    this.agents.get(nodeId)?.crash('process');
    this.onCrashed?.(nodeId);
  }

  private send(message: Message): void {
    this.counts.messages += 1;
    this.network.send(message.from, message.to, () => this.members.get(message.to)?.receive(message));
  }
}
