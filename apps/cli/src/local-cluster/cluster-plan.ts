/**
 * Which processes a local cluster consists of, with their ports, zones and settings. Pure: decides, starts nothing.
 *
 * Ports: gateway 8080, coordinator 8081, producers 8082, 8092, 8102, …, consumer 8083, bare members from 8501; all
 * moved by the offset.
 */
import { join } from 'node:path';
import type { ProcessSpec, Role } from './process-spec.js';

export interface ClusterPlanOptions {
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

export const NODE_COUNT_MAX = 200;
export const PRODUCER_COUNT_MAX = 40;
export const PORT_OFFSET_MAX = 50_000;

const GATEWAY_PORT = 8080;
const COORDINATOR_PORT = 8081;
const PRODUCER_PORT = 8082;
const PRODUCER_PORT_STEP = 10;
const CONSUMER_PORT = 8083;
const NODE_PORT = 8501;
const ZONES = ['zone-a', 'zone-b', 'zone-c'] as const;
const LOOPBACK = '127.0.0.1';

/** The gateway's address: the one to open. */
export const gatewayUrlAt = (portOffset: number): string => `http://${LOOPBACK}:${GATEWAY_PORT + portOffset}`;
export const coordinatorUrlAt = (portOffset: number): string => `http://${LOOPBACK}:${COORDINATOR_PORT + portOffset}`;

interface MemberSeed {
  readonly role: Exclude<Role, 'bus'>;
  readonly name: string;
  readonly port: number;
  readonly env?: Readonly<Record<string, string>>;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

function memberSeeds(options: ClusterPlanOptions): MemberSeed[] {
  const producerEnv: Record<string, string> = {};
  if (options.ratePerSecond !== null) producerEnv['MUSTER_PRODUCER_RATE_PER_SECOND'] = String(options.ratePerSecond);
  const [firstProducer, ...otherProducers] = range(options.producerCount).map(
    (at): MemberSeed => ({ role: 'producer', name: `producer-${at + 1}`, port: PRODUCER_PORT + at * PRODUCER_PORT_STEP, env: producerEnv }),
  );
  const data = (name: string): string => join(options.home, 'data', name);
  return [
    { role: 'coordinator', name: 'coordinator-1', port: COORDINATOR_PORT },
    ...(firstProducer === undefined ? [] : [firstProducer]),
    { role: 'consumer', name: 'consumer-1', port: CONSUMER_PORT, env: { MUSTER_DATABASE_URL: `pglite://${data('consumer-1')}/pglite` } },
    { role: 'gateway', name: 'gateway-1', port: GATEWAY_PORT, env: { MUSTER_REDIS_URL: `sqlite:${data('gateway-1')}/view.sqlite` } },
    ...otherProducers,
    ...range(options.nodeCount).map((at): MemberSeed => ({ role: 'node', name: `node-${at + 1}`, port: NODE_PORT + at })),
  ];
}

/**
 * The consumer's database takes longest to open, so it begins at once; the coordinator has the bus in sight before it
 * has loaded. The others need somebody to tell them about the cluster.
 */
function startsAfter(role: MemberSeed['role']): readonly string[] {
  switch (role) {
    case 'coordinator':
    case 'consumer':
      return [];
    case 'producer':
    case 'gateway':
    case 'node':
      return ['bus', 'coordinator-1'];
  }
}

/** In the order in which they are shown. */
export function planCluster(options: ClusterPlanOptions): ProcessSpec[] {
  const cliMain = join(options.appsFolder, 'cli', 'dist', 'main.js');
  const common = { MUSTER_BUS_URL: `embedded:${options.busSocket}`, MUSTER_CLUSTER_COORDINATORS: coordinatorUrlAt(options.portOffset) };
  const bus: ProcessSpec = {
    name: 'bus',
    role: 'bus',
    nodeId: null,
    httpUrl: null,
    port: null,
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
      port,
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
      stopStage: seed.role === 'coordinator' ? 1 : 2,
    };
  });
  return [bus, ...members];
}

/** Two processes on one port, which large counts together with steps of ten can produce; null when there are none. */
export function portClash(specs: readonly ProcessSpec[]): string | null {
  const owners = new Map<number, string>();
  for (const { name, port } of specs) {
    if (port === null) continue;
    const owner = owners.get(port);
    if (owner !== undefined) return `${owner} and ${name} would both listen on port ${port}; ask for fewer of them`;
    if (port > 65_535) return `${name} would listen on port ${port}, which does not exist; use a smaller --port-offset`;
    owners.set(port, name);
  }
  return null;
}
