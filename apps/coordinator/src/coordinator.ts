/**
 * One coordinator, put together: the only place where its parts meet. Starts and ends them in order.
 *
 * The group is open before anything is made on it, and formed or joined whenever that comes about: nobody waits for it. End: hand leadership
 * over -> leave (our own last word) -> close the lanes -> publish what is left -> leave the group. The bus is closed by whoever made it.
 */
import { Agent, probe, Reach } from '@muster/agent';
import { HEARTBEATS_TOPIC, type Logger, type MemberStatus, type MessageBus } from '@muster/contracts';
import { type AgreedView, Observer, type ObserverOptions } from '@muster/evidence';
import { detectorConfig } from '@muster/failure-detector';
import { SCORE_DEFAULTS } from '@muster/health-score';
import { type MembershipRules, membershipRules, type Outcome } from '@muster/membership';
import { partitionOf } from '@muster/messaging';
import { RaftGroup } from '@muster/raft-node';
import type { Registry } from 'prom-client';
import { BeatIntake } from './beats/beat-intake.js';
import { BeatRelay } from './beats/beat-relay.js';
import { Canary } from './beats/canary.js';
import { ownBeats } from './beats/own-beats.js';
import { type Clock, systemClock } from './clock.js';
import { type AgreedCommand, AgreedState } from './agreed-state.js';
import { canAgree, isNeeded } from './agreeing.js';
import { Cluster } from './cluster.js';
import type { CoordinatorConfig } from './config.js';
import { Detection, type DetectionOptions } from './detection/detection.js';
import { groupOptions } from './group-options.js';
import { Orders } from './http/orders.js';
import { Streams } from './http/streams.js';
import { Lanes } from './lane/lanes.js';
import { RaftLog } from './log/raft-log.js';
import { CoordinatorMetrics } from './metrics.js';
import { Publisher } from './publishing/publisher.js';
import { Views } from './views.js';

export interface CoordinatorParts {
  readonly config: CoordinatorConfig;
  readonly nodeId: string;
  readonly httpUrl: string;
  readonly bus: MessageBus;
  readonly metrics: Registry;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Where coordinators answer, ourselves perhaps among them. */
  readonly discover: () => Promise<readonly string[]>;
  /** Our place in the group is lost for good, for the reason given: this process is to end. */
  readonly onFailed: (reason: string) => void;
  /** Told of our own incarnation, when it is settled and when it changes. */
  readonly onIncarnation?: (incarnation: number) => void;
}

/** Members that did not leave, or are about to. */
const LIVE: ReadonlySet<MemberStatus> = new Set(['JOINING', 'HEALTHY', 'DEGRADED', 'SUSPECT', 'LEAVING']);
/** How long the last changes may take to get onto the bus. Milliseconds. */
const LAST_PUBLISH_MS = 2000;
/** How long a probe may take. Milliseconds. */
const PROBE_LIMIT_MS = { local: 500, lan: 500, wan: 1500 } as const;

/** How long our last words may take to be agreed on. Milliseconds. */
const LAST_WORDS_MS_MAX = 4000;
/** How long our last words may take where nobody can agree on them. Milliseconds. */
const UNHEARD_MS_MAX = 500;
/** How long others, told to stop together with us, may take to say so. Milliseconds. */
const COMPANY_MS = 2000;
/** How long we stay for them once they did. Milliseconds. */
const COMPANY_MS_MAX = 3000;

export class Coordinator {
  readonly detection: Detection;
  readonly lanes: Lanes;
  readonly intake: BeatIntake;
  readonly relay: BeatRelay;
  readonly views: Views;
  readonly streams: Streams;
  readonly orders: Orders;
  readonly agent: Agent;
  private readonly publisher: Publisher;
  private readonly clock: Clock;
  private readonly metrics: CoordinatorMetrics;
  private closing: Promise<void> | null = null;

  /** Opens the store and our place in the group, formed or not; throws when either cannot be had. */
  static async open(parts: CoordinatorParts): Promise<Coordinator> {
    const { config, nodeId, logger, onFailed } = parts;
    const rules = rulesOf(config);
    const state = new AgreedState(rules, logger);
    const log = new RaftLog<AgreedCommand, Outcome>(state, {
      logger,
      onCaughtUp: () => {
        state.caughtUp();
        logger.info({ members: [...state.membership.all()].length, index: state.membership.index }, 'this coordinator knows what the others know');
      },
    });
    const group = await RaftGroup.open({ ...groupOptions(parts), onRole: (role) => log.roleChanged(role), onFailed }, log.machine);
    log.use(group);
    return new Coordinator(parts, state, new Cluster({ name: config.cluster.name, nodeId, rules, logger }, state, log), group);
  }

  private constructor(
    private readonly parts: CoordinatorParts,
    state: AgreedState,
    readonly cluster: Cluster,
    readonly group: RaftGroup,
  ) {
    const { config, nodeId, logger, bus, clock = systemClock } = parts;
    const metrics = new CoordinatorMetrics(parts.metrics);
    this.metrics = metrics;
    this.clock = clock;
    const canary = new Canary(clock);
    const observer = new Observer(observerOptions(parts, state.view), { ms: clock.nowMs(), unixMs: clock.nowUnixMs() });
    const ask: DetectionOptions['ask'] = (by, target, timeLimitMs) => this.lanes.ask(by, target, timeLimitMs);
    // Members tell where they are to be looked at; where we are ourselves decides what of it means the same to us.
    const reach = new Reach([parts.httpUrl]);
    const look: DetectionOptions['probe'] = (target, timeLimitMs) => probe(target, timeLimitMs, reach);
    this.detection = new Detection({ nodeId, observer, cluster: this.cluster, clock, probe: look, ask, metrics, logger, isBusUp: () => bus.status().state === 'up' });
    this.views = new Views(this.cluster, this.detection, clock);
    this.streams = new Streams(this.cluster, this.views, config.coordinator.watchersMax);
    this.orders = new Orders(this.cluster, this.views, clock);
    this.intake = new BeatIntake({ detection: this.detection, canary, metrics, membersMax: config.coordinator.membersMax, nodeId });
    this.relay = new BeatRelay({ nodeId, peers: () => group.status().peers, metrics: parts.metrics });
    this.lanes = new Lanes({
      coordinatorId: nodeId,
      lanesMax: config.coordinator.lanesMax,
      beat: (beat) => this.intake.fromLane(beat),
      knownIncarnation: (id) => this.detection.incarnation(id),
      changed: (id, incarnation, is) => this.detection.laneChanged(id, incarnation, is),
      member: (id) => this.cluster.membership.member(id)?.record ?? null,
      metrics,
      logger,
    });
    this.publisher = new Publisher({ cluster: this.cluster, bus, clock, metrics, logger });
    this.agent = this.ownAgent();
    metrics.observe({
      cluster: this.cluster,
      pulse: (id) => this.detection.pulse(id, clock.nowMs()),
      doubtReason: () => this.detection.doubtReason(),
      watchers: () => this.streams.count,
      lanes: () => this.lanes.nodeCount,
      raft: group,
      canaryAgesMs: () => canary.agesMs(),
    });
  }

  /** Waits for nobody: without a leader there are no verdicts, and everything else is there. */
  async start(): Promise<void> {
    const { cluster } = this;
    cluster.listen((changes) => {
      this.lanes.follow(changes);
      // Each is counted once in the group.
      if (cluster.mandate().isLeader) this.metrics.changed(changes);
    });
    const lead = (): void => {
      if (cluster.mandate().isLeader) void cluster.agreeOnRules(this.clock.nowUnixMs());
    };
    cluster.onMandate(lead);
    lead();
    this.detection.start();
    this.lanes.open();
    this.publisher.start();
    await this.agent.start();
  }

  /** Ends once, however often it is called. */
  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    await this.cluster.handOver();
    await this.lastWords();
    await this.stayForOthers();
    // Agents go to another coordinator at once, rather than find out.
    this.lanes.close();
    this.relay.close();
    // Nobody is judged from here on; the last word of our own is in the log.
    this.detection.stop();
    await this.publisher.stop(LAST_PUBLISH_MS);
    await this.cluster.close();
  }

  /** They have to be agreed on by those who stay, while we can still send them; where that is out of reach they are sent, and that is all. */
  private async lastWords(): Promise<void> {
    const { cluster } = this;
    const startedMs = this.clock.nowMs();
    let isSaid = false;
    void this.agent.leave().then(() => (isSaid = true));
    const isOpen = (): boolean => !isSaid || LIVE.has(cluster.membership.member(this.parts.nodeId)?.record.status ?? 'LEFT') || !this.detection.isSettled;
    const limitMs = (): number => (canAgree(this.group.status()) ? LAST_WORDS_MS_MAX : UNHEARD_MS_MAX);
    await this.waitWhile(() => isOpen() && this.clock.nowMs() - startedMs < limitMs());
    if (!isSaid) this.agent.stop();
  }

  /** Where all are stopped, each has left: the last ones that can agree on that go together. */
  private async stayForOthers(): Promise<void> {
    const { nodeId } = this.parts;
    const startedMs = this.clock.nowMs();
    const isCompany = (): boolean => [...this.cluster.membership.all()].some(({ record }) => record.service === 'coordinator' && record.nodeId !== nodeId && record.status === 'LEAVING');
    const limitMs = (): number => (isCompany() ? COMPANY_MS_MAX : COMPANY_MS);
    const hasOthers = (): boolean => this.group.status().peers.length > 1;
    await this.waitWhile(() => hasOthers() && isNeeded(this.group.status()) && this.clock.nowMs() - startedMs < limitMs());
  }

  private async waitWhile(isSo: () => boolean): Promise<void> {
    while (isSo()) await new Promise<void>((resolve) => this.clock.wakeAfter(20, resolve));
  }

  /** Those of the group, where they are now; until there is one, those that may form it with us. */
  private async others(): Promise<readonly string[]> {
    const { config, httpUrl, nodeId, discover } = this.parts;
    const { clusterId, peers } = this.group.status();
    if (clusterId !== null) return peers.filter((peer) => peer.nodeId !== nodeId).map((peer) => peer.httpUrl);
    if ((config.raft.expect ?? config.cluster.coordinators.length) === 1) return [];
    return (await discover()).filter((url) => url !== httpUrl);
  }

  private ownAgent(): Agent {
    const { config, nodeId, httpUrl, bus, metrics, logger, onIncarnation } = this.parts;
    return new Agent({
      nodeId,
      service: 'coordinator',
      zone: config.node.zone,
      tags: config.node.tags,
      httpUrl,
      bus: ownBeats({ bus, intake: this.intake, logger, hasOthers: () => this.group.status().peers.length > 1, limitMs: config.heartbeat.intervalMs }),
      // What a lane to ourselves would carry is taken here without one.
      coordinators: () => this.others(),
      knownIncarnation: () => this.detection.incarnation(nodeId),
      // Were our main loop to stand still, nobody would be judged: a thread of its own had nobody to tell.
      worker: false,
      heartbeat: { intervalMs: config.heartbeat.intervalMs },
      metrics,
      logger,
      onIncarnation,
    });
  }
}

function rulesOf({ stabilisation, joining, reap, flap }: CoordinatorConfig): MembershipRules {
  return membershipRules({ stabilisationMs: stabilisation.periodMs, joiningBeats: joining.beats, reapAfterMs: reap.afterMs, flap });
}

function observerOptions({ config, nodeId }: CoordinatorParts, membership: AgreedView): ObserverOptions {
  const { failure, phi, hung, brake, heartbeat } = config;
  return {
    nodeId,
    membership,
    detector: detectorConfig({ preset: failure.preset, phiThreshold: phi.threshold, failureTimeoutMs: failure.timeoutMs }),
    score: SCORE_DEFAULTS,
    intervalMs: heartbeat.intervalMs,
    partitionOf: (id) => partitionOf(id, HEARTBEATS_TOPIC.partitionCount),
    rules: { failureTimeoutMs: failure.timeoutMs, hungTimeoutMs: hung.timeoutMs, brakeFraction: brake.fraction, brakeHoldMs: brake.holdMs, probeTimeLimitMs: PROBE_LIMIT_MS[failure.preset] },
  };
}
