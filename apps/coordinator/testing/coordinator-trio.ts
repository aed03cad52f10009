/** Three coordinators in this process, on one bus in memory: one Raft group, formed and led. Everything ends with `close`. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClusterEvent, clusterEventSchema, type ClusterStatus, clusterStatusSchema, EVENTS_TOPIC } from '@muster/contracts';
import { type RunningService, startService } from '@muster/observability';
import { RaftGroup } from '@muster/raft-node';
import { eventually, until } from '@muster/testing';
import { AppModule } from '../src/app.module.js';
import { Cluster } from '../src/cluster.js';
import { coordinatorSchema } from '../src/config.js';
import { MemoryBus } from './memory-bus.js';

export interface Place {
  readonly nodeId: string;
  readonly url: string;
  readonly service: RunningService;
  readonly group: RaftGroup;
  readonly cluster: Cluster;
  readonly status: () => Promise<ClusterStatus>;
}

/** Another suite's coordinators may get an address that one of these left, and must not know the secret. */
export const TRIO_SECRET = `known to three coordinators: ${randomUUID()}`;
const LIMIT_MS = 45_000;
/** Members are judged five to ten times as fast as by default. A leader whose disk or thread stands still for a second stays one: who leads is what tests say. */
const FAST = {
  MUSTER_HTTP_HOST: '127.0.0.1', MUSTER_HTTP_PORT: '0', MUSTER_RAFT_HOST: '127.0.0.1', MUSTER_RAFT_PORT: '0', MUSTER_RAFT_EXPECT: '3', MUSTER_RAFT_ELECTION_TIMEOUT_MS: '2000', MUSTER_CLUSTER_SECRET: TRIO_SECRET,
  MUSTER_HEARTBEAT_INTERVAL_MS: '100', MUSTER_FAILURE_TIMEOUT_MS: '1500', MUSTER_STABILISATION_PERIOD_MS: '1000', MUSTER_LOG_LEVEL: 'silent',
};

export class CoordinatorTrio {
  readonly bus = new MemoryBus();
  readonly places = new Map<string, Place>();
  /** Why members failed, if any did. */
  readonly failed: string[] = [];
  /** Whose failure is no fault, such as of one that is removed. */
  readonly mayFail = new Set<string>();
  private readonly folder = mkdtempSync(join(tmpdir(), 'muster-trio-'));
  private readonly gone = new Set<string>();

  static async start(env: Readonly<Record<string, string>> = {}): Promise<CoordinatorTrio> {
    const trio = new CoordinatorTrio();
    const opened = await Promise.allSettled(['c1', 'c2', 'c3'].map((nodeId) => trio.open(nodeId, env)));
    try {
      for (const one of opened) if (one.status === 'rejected') throw one.reason;
      await trio.leader();
      return trio;
    } catch (error) {
      // What came up would go on after its test and keep the process.
      await trio.close().catch(() => {});
      throw error;
    }
  }

  /** One more, or one that was there before. */
  async open(nodeId: string, env: Readonly<Record<string, string>> = {}): Promise<Place> {
    const service = await startService({
      env: {
        ...FAST,
        MUSTER_NODE_ID: nodeId,
        MUSTER_NODE_DATA_DIR: this.folder,
        ...env,
      },
      service: 'coordinator',
      schema: coordinatorSchema,
      build: (config, host) => AppModule.forRoot(config, host, { bus: this.bus, onFailed: (reason) => void (this.mayFail.has(nodeId) || this.failed.push(`${nodeId}: ${reason}`)), discover: () => Promise.resolve(this.urls()) }),
      configure: (app, config, host) => AppModule.listenTo(app, config, this.bus, host),
    });
    const url = `http://127.0.0.1:${service.port}`;
    const place = { nodeId, url, service, group: service.app.get(RaftGroup), cluster: service.app.get(Cluster), status: async () => clusterStatusSchema.parse(await (await fetch(`${url}/cluster/status`)).json()) };
    this.places.set(nodeId, place);
    this.gone.delete(nodeId);
    return place;
  }

  urls(): string[] {
    return [...this.places.values()].map(({ url }) => url);
  }

  /** The one that may judge, known to all that are left. */
  async leader(): Promise<Place> {
    const there = [...this.places.values()].filter(({ nodeId }) => !this.gone.has(nodeId));
    const led = await eventually(
      'one leads, and all know it',
      () => there.find((place) => place.cluster.mandate().isLeader && there.every(({ group }) => group.status().leaderId === place.nodeId)),
      (found) => found !== undefined,
      LIMIT_MS,
    );
    if (led === undefined) throw new Error('nobody leads');
    return led;
  }

  /** Lets another one lead, in as many tries as a busy machine takes; resolves with who leads then, known to all. */
  async handOver(to?: Place): Promise<Place> {
    const from = await this.leader();
    return until('another one leads', async () => {
      const leader = await this.leader();
      if (to === undefined ? leader !== from : leader === to) return leader;
      await leader.group.transfer(to?.nodeId).catch(() => undefined);
      return null;
    });
  }

  others(than: Place): [Place, Place] {
    const [one, other] = [...this.places.values()].filter(({ nodeId }) => nodeId !== than.nodeId);
    if (one === undefined || other === undefined) throw new Error('there are no two others');
    return [one, other];
  }

  /** Takes a coordinator out of touch with the others, as a cut cable would: it goes on in every other way. */
  async cutOff(place: Place): Promise<void> {
    this.gone.add(place.nodeId);
    await place.group.stop();
  }

  /** In order, as SIGTERM does. */
  async end(place: Place): Promise<void> {
    this.gone.add(place.nodeId);
    this.places.delete(place.nodeId);
    await place.service.close();
  }

  /** All that were published, repetitions included. */
  events(): ClusterEvent[] {
    return this.bus.records(EVENTS_TOPIC.name).map(({ value }) => clusterEventSchema.parse(JSON.parse(new TextDecoder().decode(value ?? new Uint8Array()))));
  }

  until(place: Place, nodeId: string, wanted: string): Promise<ClusterStatus> {
    return eventually(`${nodeId} is ${wanted} at ${place.nodeId}`, place.status, (seen) => seen.membership[nodeId]?.status === wanted, LIMIT_MS);
  }

  async close(): Promise<void> {
    await Promise.all([...this.places.values()].map(({ service }) => service.close()));
    rmSync(this.folder, { recursive: true });
    if (this.failed.length > 0) throw new Error(`members failed: ${this.failed.join('; ')}`);
  }
}
