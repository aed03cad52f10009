import { type ClusterPlanOptions, planCluster, portClash } from './cluster-plan.js';

const base: ClusterPlanOptions = { coordinatorCount: 3, secret: 'known to coordinators', nodeCount: 0, producerCount: 1, portOffset: 0, ratePerSecond: null, home: '/w/.muster', busSocket: '/w/.muster/run/bus.sock', appsFolder: '/w/apps' };
const plan = (options: Partial<ClusterPlanOptions> = {}) => planCluster({ ...base, ...options });

describe('the plan of a local cluster', () => {
  test('it is the bus, the coordinators and one of each service, on the ports that users know', () => {
    expect(plan().map(({ name, role, nodeId, httpUrl }) => ({ name, role, nodeId, httpUrl }))).toEqual([
      { name: 'bus', role: 'bus', nodeId: null, httpUrl: null },
      { name: 'coordinator-1', role: 'coordinator', nodeId: 'coordinator-1', httpUrl: 'http://127.0.0.1:8081' },
      { name: 'coordinator-2', role: 'coordinator', nodeId: 'coordinator-2', httpUrl: 'http://127.0.0.1:8181' },
      { name: 'coordinator-3', role: 'coordinator', nodeId: 'coordinator-3', httpUrl: 'http://127.0.0.1:8281' },
      { name: 'producer-1', role: 'producer', nodeId: 'producer-1', httpUrl: 'http://127.0.0.1:8082' },
      { name: 'consumer-1', role: 'consumer', nodeId: 'consumer-1', httpUrl: 'http://127.0.0.1:8083' },
      { name: 'gateway-1', role: 'gateway', nodeId: 'gateway-1', httpUrl: 'http://127.0.0.1:8080' },
    ]);
  });

  test('more producers get ports ten apart, bare members ports of their own', () => {
    const ports = plan({ producerCount: 3, nodeCount: 2 }).filter(({ role }) => role === 'producer' || role === 'node').map(({ name, ports: [port] }) => [name, port]);
    expect(ports).toEqual([['producer-1', 8082], ['producer-2', 8092], ['producer-3', 8102], ['node-1', 8501], ['node-2', 8502]]);
  });

  test('an offset moves every port and what members are told of each other', () => {
    const specs = plan({ portOffset: 1000 });
    expect(specs.map(({ ports }) => ports)).toEqual([[], [9081, 8081], [9181, 8181], [9281, 8281], [9082], [9083], [9080]]);
    for (const { env } of specs.slice(1)) expect(env['MUSTER_CLUSTER_COORDINATORS']).toBe('http://127.0.0.1:9081,http://127.0.0.1:9181,http://127.0.0.1:9281');
  });

  test('every coordinator expects all of them, at a Raft port of its own, and only they know the secret', () => {
    const told = plan({ portOffset: 10, coordinatorCount: 5 }).filter(({ env }) => env['MUSTER_CLUSTER_SECRET'] !== undefined);
    expect(told.map(({ name, env }) => [name, env['MUSTER_RAFT_EXPECT'], env['MUSTER_RAFT_PORT'], env['MUSTER_CLUSTER_SECRET']])).toEqual(
      [7091, 7191, 7291, 7391, 7491].map((port, at) => [`coordinator-${at + 1}`, '5', String(port), 'known to coordinators']),
    );
  });

  test('members are spread over three zones, a coordinator in each', () => {
    const zones = plan({ nodeCount: 5 }).flatMap(({ env }) => env['MUSTER_NODE_ZONE'] ?? []);
    expect(zones).toEqual(Array.from({ length: 11 }, (_, at) => `zone-${'abc'[at % 3]}`));
  });

  test('members need the bus and a coordinator to start, except for the consumer, whose database takes longest', () => {
    expect(plan({ nodeCount: 1 }).map(({ name, startsAfter }) => [name, startsAfter.join(' ')])).toEqual([
      ['bus', ''],
      ['coordinator-1', ''],
      ['coordinator-2', ''],
      ['coordinator-3', ''],
      ['producer-1', 'bus coordinator-1'],
      ['consumer-1', ''],
      ['gateway-1', 'bus coordinator-1'],
      ['node-1', 'bus coordinator-1'],
    ]);
  });

  test('members stop first, the coordinators after them, of these most together at the end, the bus last', () => {
    expect(plan({ nodeCount: 1 }).map(({ name, stopStage }) => [name, stopStage])).toEqual([['bus', 0], ['coordinator-1', 2], ['coordinator-2', 1], ['coordinator-3', 1], ['producer-1', 4], ['consumer-1', 4], ['gateway-1', 4], ['node-1', 4]]);
  });

  test('a rate reaches every producer and nobody else', () => {
    const told = plan({ producerCount: 2, ratePerSecond: 50 }).filter(({ env }) => env['MUSTER_PRODUCER_RATE_PER_SECOND'] === '50').map(({ name }) => name);
    expect(told).toEqual(['producer-1', 'producer-2']);
  });

  test('no two processes share a port, even at the most of everything', () => {
    expect(portClash(plan({ coordinatorCount: 5, producerCount: 40, nodeCount: 200 }))).toBeNull();
  });

  test('a port that does not exist is refused with the process that wanted it', () => {
    expect(portClash(plan({ portOffset: 60_000 }))).toMatch(/coordinator-1 would listen on port 68081/);
  });
});
