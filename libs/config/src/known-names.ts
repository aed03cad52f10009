/**
 * Names that belong to other services or tools, so that one file and one environment can serve all of them.
 *
 * `npm run docs:config -- --check` fails when a service has a section that is not listed.
 */

/** Every section of every service. */
export const KNOWN_SECTIONS: readonly string[] = [
  'cluster',
  'node',
  'bus',
  'http',
  'heartbeat',
  'failure',
  'hung',
  'brake',
  'flap',
  'reap',
  'phi',
  'gossip',
  'stabilisation',
  'raft',
  'log',
  'joining',
  'coordinator',
  'producer',
  'consumer',
  'database',
  'gateway',
  'redis',
];

const TOOL_VARIABLES: readonly string[] = ['MUSTER_CONFIG', 'MUSTER_HOME', 'MUSTER_CWD', 'MUSTER_URL', 'MUSTER_BASE_URL', 'MUSTER_IMAGE', 'MUSTER_VERSION'];
const TOOL_PREFIXES: readonly string[] = ['MUSTER_TEST_', 'MUSTER_CLI_', 'MUSTER_BENCH_'];
/** Kubernetes sets such variables in every pod for a Service named `muster`. */
const SERVICE_LINK = /_SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?$/;

export function isToolVariable(name: string, value: string): boolean {
  return TOOL_VARIABLES.includes(name) || TOOL_PREFIXES.some((prefix) => name.startsWith(prefix)) || SERVICE_LINK.test(name) || (name.endsWith('_PORT') && /^(tcp|udp):\/\//.test(value));
}
