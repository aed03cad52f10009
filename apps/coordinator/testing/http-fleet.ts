/** The HTTP side of several coordinators on real ports, over a Raft group that does as the test says. Everything ends with `endFleet`. */
import type { MemberCommand } from '@muster/membership';
import { type RunningService, startService } from '@muster/observability';
import type { DynamicModule } from '@nestjs/common';
import type { AtLeaderOptions } from '../src/http/at-leader.js';
import { describeCoordinatorApi } from '../src/api-description.js';
import { systemClock } from '../src/clock.js';
import { coordinatorSchema } from '../src/config.js';
import { coordinatorHttp } from '../src/http/coordinator-http.js';
import { Orders } from '../src/http/orders.js';
import { Operators } from '../src/http/operators.js';
import { keepRawBodies } from '../src/http/raw-bodies.js';
import { Streams } from '../src/http/streams.js';
import { Views } from '../src/views.js';
import { FakeWorld } from './fake-group.js';
import { loneCluster } from './lone-cluster.js';

export const SECRET = 'a secret of the fleet';
class FleetModule {}

export interface FleetOptions {
  readonly secret?: string | null;
  readonly stateBytesMax?: number;
  readonly limits?: Pick<AtLeaderOptions, 'tryMs' | 'waitingMax'>;
}

const closers: (() => unknown)[] = [];
/** To be called after each test. */
export async function endFleet(): Promise<void> {
  for (const close of closers.splice(0).toReversed()) await close();
}

const join: MemberCommand = { kind: 'join', term: 1, atUnixMs: 1, reason: 'new', nodeId: 'n1', incarnation: 1, seq: 1, profile: { service: 's', zone: 'z', tags: {}, resources: { cores: 1, memoryBytes: 1 }, httpUrl: null, probeUrl: null } };

/** Coordinators c1, c2, …; c1 leads. Each knows the member n1. */
export async function fleet(count = 3, { secret = SECRET, limits = {}, stateBytesMax = 2 ** 27 }: FleetOptions = {}) {
  const world = new FakeWorld();
  const nodes = await Promise.all(Array.from({ length: count }, (_, at) => start(world, `c${at + 1}`, { secret, limits, stateBytesMax })));
  world.leaderId = 'c1';
  for (const { follow } of nodes) follow();
  const at = (nodeId: string) => {
    const node = nodes.find((it) => it.group.nodeId === nodeId);
    if (node === undefined) throw new Error(`no ${nodeId}`);
    return node;
  };
  const lead = (nodeId: string | null): void => {
    world.lead(nodeId);
    for (const { follow } of nodes) follow();
  };
  return { world, nodes, at, lead };
}

async function start(world: FakeWorld, nodeId: string, { secret, limits, stateBytesMax }: Required<FleetOptions>) {
  const group = world.group(nodeId);
  const { cluster, log } = loneCluster({ nodeId });
  await cluster.propose(join);
  const views = new Views(cluster, { pulse: () => null, why: () => null }, systemClock);
  const streams = new Streams(cluster, views, 10);
  const build = (_: unknown, host: { metrics: RunningService['host']['metrics'] }): DynamicModule => ({
    module: FleetModule,
    ...coordinatorHttp({ raft: group, cluster, views, streams, orders: new Orders(cluster, views, systemClock), secret, limits, metrics: host.metrics }),
  });
  const service = await startService({
    env: { MUSTER_HTTP_HOST: '127.0.0.1', MUSTER_HTTP_PORT: '0', MUSTER_NODE_ID: nodeId, MUSTER_LOG_LEVEL: 'silent' },
    service: 'coordinator',
    schema: coordinatorSchema,
    build,
    describeApi: describeCoordinatorApi,
    configure: (app) => keepRawBodies(app, { stateBytesMax, mayRestore: (headers) => app.get(Operators).check({ headers }) }),
  });
  closers.push(() => service.close());
  const url = `http://127.0.0.1:${service.port}`;
  world.httpUrls.set(nodeId, url);
  const send = async (method: string, path: string, { body, token, headers }: { body?: unknown; token?: string; headers?: Record<string, string> } = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { code: response.status, body: (await response.json()) as Record<string, unknown>, headers: response.headers };
  };
  return {
    nodeId,
    url,
    group,
    cluster,
    log,
    service,
    send,
    get: (path: string) => send('GET', path),
    operate: (method: string, path: string, body?: unknown) => send(method, path, { body, token: SECRET }),
    follow: () => log.lead({ isLeader: world.leaderId === nodeId, term: world.term }),
  };
}
