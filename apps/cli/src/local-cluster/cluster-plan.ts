/**
 * Which processes a local cluster consists of, with their ports, zones and settings. Pure: decides, starts nothing.
 *
 * Ports: gateway 8080, coordinators 8081, 8181, 8281, … and for each other 7081, 7181, 7281, …, producers 8082, 8092, 8102, …,
 * consumer 8083, bare members from 8501; all moved by the offset.
 */
import { join } from 'node:path';
import type { ProcessSpec, Role } from './process-spec.js';

export interface ClusterPlanOptions {
  /** Those who decide together. One of `COORDINATOR_COUNTS`. */
  readonly coordinatorCount: number;
  /** Known to the coordinators alone. 16..256 characters. */
  readonly secret: string;
  /** Bare members without a service. Count, 0..200. */
  readonly nodeCount: number;
  /** Count, 0..40. */
  readonly producerCount: number;
  /** Added to every port. 0..50000. */
  readonly portOffset: number;
  /** Log records each producer makes up. Per second, >= 0; null leaves it to the producer's default. */
  readonly ratePerSecond: number | null;
  /** Folder of the cluster's data. Absolute. */
  readonly home: string;
  /** Socket of the embedded bus. Absolute, short enough for the system. */
  readonly busSocket: string;
  /** Folder that holds `coordinator/`, `producer/` and the other apps. Absolute. */
  readonly appsFolder: string;
}

/** Odd: a fourth would have to be asked as well, and help nobody. */
export const COORDINATOR_COUNTS = [1, 3, 5] as const;
/** Unless more are asked for. */
export const COORDINATOR_COUNT = 3;
export const NODE_COUNT_MAX = 200;
export const PRODUCER_COUNT_MAX = 40;
export const PORT_OFFSET_MAX = 50_000;

const GATEWAY_PORT = 8080;
const COORDINATOR_PORT = 8081;
const RAFT_PORT = 7081;
const COORDINATOR_PORT_STEP = 100;
const PRODUCER_PORT = 8082;
const PRODUCER_PORT_STEP = 10;
const CONSUMER_PORT = 8083;
const NODE_PORT = 8501;
const ZONES = ['zone-a', 'zone-b', 'zone-c'] as const;
const LOOPBACK = '127.0.0.1';

/** The gateway's address: the one to open. */
export const gatewayUrlAt = (portOffset: number): string => `http://${LOOPBACK}:${GATEWAY_PORT + portOffset}`;
/** Addresses of the coordinators, in the order of their names. */
export const coordinatorUrlsAt = (portOffset: number, count: number): string[] => range(count).map((at) => `http://${LOOPBACK}:${COORDINATOR_PORT + at * COORDINATOR_PORT_STEP + portOffset}`);
export const coordinatorName = (at: number): string => `coordinator-${at + 1}`;

interface MemberSeed {
  readonly role: Exclude<Role, 'bus'>;
  readonly name: string;
  readonly port: number;
  /** For other coordinators. */
  readonly raftPort?: number;
  readonly env?: Readonly<Record<string, string>>;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at);
}

function coordinatorSeed(options: ClusterPlanOptions, at: number): MemberSeed {
  const raftPort = RAFT_PORT + at * COORDINATOR_PORT_STEP;
  const env = { MUSTER_CLUSTER_SECRET: options.secret, MUSTER_RAFT_EXPECT: String(options.coordinatorCount), MUSTER_RAFT_HOST: LOOPBACK, MUSTER_RAFT_PORT: String(raftPort + options.portOffset) };
  return { role: 'coordinator', name: coordinatorName(at), port: COORDINATOR_PORT + at * COORDINATOR_PORT_STEP, raftPort, env };
}

function memberSeeds(options: ClusterPlanOptions): MemberSeed[] {
  const producerEnv: Record<string, string> = {};
  if (options.ratePerSecond !== null) producerEnv['MUSTER_PRODUCER_RATE_PER_SECOND'] = String(options.ratePerSecond);
  const [firstProducer, ...otherProducers] = range(options.producerCount).map(
    (at): MemberSeed => ({ role: 'producer', name: `producer-${at + 1}`, port: PRODUCER_PORT + at * PRODUCER_PORT_STEP, env: producerEnv }),
  );
  const data = (name: string): string => join(options.home, 'data', name);
  return [
    ...range(options.coordinatorCount).map((at) => coordinatorSeed(options, at)),
    ...(firstProducer === undefined ? [] : [firstProducer]),
    { role: 'consumer', name: 'consumer-1', port: CONSUMER_PORT, env: { MUSTER_DATABASE_URL: `pglite://${data('consumer-1')}/pglite` } },
    { role: 'gateway', name: 'gateway-1', port: GATEWAY_PORT, env: { MUSTER_REDIS_URL: `sqlite:${data('gateway-1')}/view.sqlite` } },
    ...otherProducers,
    ...range(options.nodeCount).map((at): MemberSeed => ({ role: 'node', name: `node-${at + 1}`, port: NODE_PORT + at })),
  ];
}

/**
 * The consumer's database takes longest to open, so it begins at once; coordinators have the bus in sight before they
 * have loaded. The others need somebody to tell them about the cluster: the first coordinator, which is ready when they have formed their group.
 */
function startsAfter(role: MemberSeed['role']): readonly string[] {
  switch (role) {
    case 'coordinator':
    case 'consumer':
      return [];
    case 'producer':
    case 'gateway':
    case 'node':
      return ['bus', coordinatorName(0)];
  }
}

/** In the order in which they are shown. */
export function planCluster(options: ClusterPlanOptions): ProcessSpec[] {
  const cliMain = join(options.appsFolder, 'cli', 'dist', 'main.js');
  const common = { MUSTER_BUS_URL: `embedded:${options.busSocket}`, MUSTER_CLUSTER_COORDINATORS: coordinatorUrlsAt(options.portOffset, options.coordinatorCount).join(',') };
  const bus: ProcessSpec = {
    name: 'bus',
    role: 'bus',
    nodeId: null,
    httpUrl: null,
    ports: [],
    args: [cliMain, 'bus', '--socket', options.busSocket, '--file', join(options.home, 'data', 'bus', 'bus.sqlite')],
    env: {},
    readiness: { kind: 'socket', path: options.busSocket },
    startsAfter: [],
    stopStage: 0,
  };
  const members = memberSeeds(options).map((seed, at): ProcessSpec => {
    const port = seed.port + options.portOffset;
    const httpUrl = `http://${LOOPBACK}:${port}`;
    return {
      name: seed.name,
      role: seed.role,
      nodeId: seed.name,
      httpUrl,
      ports: seed.raftPort === undefined ? [port] : [port, seed.raftPort + options.portOffset],
      args: seed.role === 'node' ? [cliMain, 'node'] : [join(options.appsFolder, seed.role, 'dist', 'main.js')],
      env: {
        ...common,
        MUSTER_NODE_ID: seed.name,
        MUSTER_NODE_ZONE: ZONES[at % ZONES.length] ?? ZONES[0],
        MUSTER_NODE_DATA_DIR: join(options.home, 'data', seed.name),
        MUSTER_HTTP_HOST: LOOPBACK,
        MUSTER_HTTP_PORT: String(port),
        ...seed.env,
      },
      readiness: { kind: 'http', url: `${httpUrl}/health/ready` },
      startsAfter: startsAfter(seed.role),
      // One coordinator after the other while the others can agree that it has left; the last that can, together.
      stopStage: seed.role === 'coordinator' ? Math.max(1, Math.ceil(options.coordinatorCount / 2) - at) : options.coordinatorCount + 1,
    };
  });
  return [bus, ...members];
}

/** Two processes on one port, which large counts together with steps of ten can produce; null when there are none. */
export function portClash(specs: readonly ProcessSpec[]): string | null {
  const owners = new Map<number, string>();
  for (const { name, port } of specs.flatMap(({ name: process, ports }) => ports.map((each) => ({ name: process, port: each })))) {
    const owner = owners.get(port);
    if (owner !== undefined) return `${owner} and ${name} would both listen on port ${port}; ask for fewer of them`;
    if (port > 65_535) return `${name} would listen on port ${port}, which does not exist; use a smaller --port-offset`;
    owners.set(port, name);
  }
  return null;
}
