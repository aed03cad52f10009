/**
 * One coordinator, put together: the only place where its parts meet. Starts and ends them in order.
 *
 * End: leave (our own last word) -> publish what is left -> close the log. The bus is closed by whoever made it.
 */
import { Agent } from '@muster/agent';
import type { Logger, MessageBus } from '@muster/contracts';
import { Sightings } from '@muster/evidence';
import { detectorConfig } from '@muster/failure-detector';
import { SCORE_DEFAULTS } from '@muster/health-score';
import { membershipRules } from '@muster/membership';
import { join } from 'node:path';
import type { Registry } from 'prom-client';
import { BeatIntake } from './beats/beat-intake.js';
import { ownBeats } from './beats/own-beats.js';
import { type Clock, systemClock } from './clock.js';
import { Cluster } from './cluster.js';
import type { CoordinatorConfig } from './config.js';
import { Detection } from './detection/detection.js';
import { type Probe, probeHttp } from './detection/prober.js';
import { Streams } from './http/streams.js';
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
  readonly probe?: Probe;
  /** Told of our own incarnation, when it is settled and when it changes. */
  readonly onIncarnation?: (incarnation: number) => void;
}

/** How long the last changes may take to get onto the bus. Milliseconds. */
const LAST_PUBLISH_MS = 2000;

export class Coordinator {
  readonly cluster: Cluster;
  readonly sightings: Sightings;
  readonly detection: Detection;
  readonly intake: BeatIntake;
  readonly views: Views;
  readonly streams: Streams;
  readonly agent: Agent;
  private readonly publisher: Publisher;
  private closing: Promise<void> | null = null;

  constructor(parts: CoordinatorParts) {
    const { config, nodeId, logger, bus, clock = systemClock } = parts;
    const metrics = new CoordinatorMetrics(parts.metrics);
    const intervalMs = config.heartbeat.intervalMs;
    this.cluster = Cluster.open({
      name: config.cluster.name,
      nodeId,
      statePath: join(config.node.dataDir, nodeId, 'membership.sqlite'),
      rules: { ...membershipRules({ stabilisationMs: config.stabilisation.periodMs }), joiningBeats: config.joining.beats },
      snapshotEntries: config.coordinator.snapshotEntries,
      logger,
    });
    const detector = detectorConfig({ phiThreshold: config.phi.threshold, failureTimeoutMs: config.failure.timeoutMs });
    this.sightings = new Sightings({ detector, score: SCORE_DEFAULTS, intervalMs });
    this.views = new Views(this.cluster, this.sightings, clock);
    this.streams = new Streams(this.cluster, this.views, config.coordinator.watchersMax);
    this.detection = new Detection({ nodeId, cluster: this.cluster, sightings: this.sightings, clock, probe: parts.probe ?? probeHttp, metrics, logger, intervalMs, isBusUp: () => bus.status().state === 'up' });
    this.intake = new BeatIntake({ detection: this.detection, sightings: this.sightings, metrics, membersMax: config.coordinator.membersMax, nodeId });
    this.publisher = new Publisher({ cluster: this.cluster, bus, clock, metrics, logger });
    this.agent = new Agent({
      nodeId,
      service: 'coordinator',
      zone: config.node.zone,
      tags: config.node.tags,
      httpUrl: parts.httpUrl,
      bus: ownBeats(bus, this.intake, logger),
      coordinators: [loopback(parts.httpUrl)],
      heartbeat: { intervalMs },
      metrics: parts.metrics,
      logger,
      onIncarnation: parts.onIncarnation,
    });
    metrics.observe({ cluster: this.cluster, pulse: (id) => this.sightings.pulse(id, clock.nowMs()), doubtReason: () => this.detection.doubtReason(), watchers: () => this.streams.count });
  }

  async start(): Promise<void> {
    this.detection.start();
    this.publisher.start();
    await this.agent.start();
  }

  /** Ends once, however often it is called. */
  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    await this.agent.leave();
    await this.detection.settle();
    // Nobody is judged from here on; the last word of our own is in the log.
    this.detection.stop();
    await this.publisher.stop(LAST_PUBLISH_MS);
    await this.cluster.close();
  }
}

/** Ourselves by the shortest way: the agent asks there which incarnation is known. */
function loopback(httpUrl: string): string {
  return `http://127.0.0.1:${new URL(httpUrl).port}`;
}
