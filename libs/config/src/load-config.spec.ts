import { resolve } from 'node:path';
import fc from 'fast-check';
import { z } from 'zod';
import { ConfigError } from './config-error.js';
import { loadConfig } from './load-config.js';
import { httpSection, sections } from './sections.js';

const schema = z.strictObject({ ...sections, http: httpSection(8081) });

interface Given {
  env?: Record<string, string>;
  file?: string;
}

function load({ env = {}, file }: Given) {
  return loadConfig(schema, file === undefined ? { env } : { env: { MUSTER_CONFIG: 'muster.yaml', ...env }, readFile: () => file });
}

function problemsOf(given: Given): readonly string[] {
  try {
    load(given);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test('A7: without a file and without variables, the defaults hold', () => {
  expect(load({})).toMatchObject({
    cluster: { name: 'muster', coordinators: ['http://127.0.0.1:8081'] },
    node: { zone: 'default', tags: {}, dataDir: '.muster/data' },
    bus: { url: `embedded:${resolve('.muster/bus.sock')}` },
    http: { host: '0.0.0.0', port: 8081 },
    heartbeat: { intervalMs: 1000 },
    failure: { timeoutMs: 15_000 },
    phi: { threshold: 8 },
    gossip: { fanout: 3 },
    stabilisation: { periodMs: 30_000 },
    log: { level: 'info', format: 'json' },
  });
});

describe('A7: a good value is taken from', () => {
  const cases: [string, Given, object][] = [
    ['the environment', { env: { MUSTER_HEARTBEAT_INTERVAL_MS: '500' } }, { heartbeat: { intervalMs: 500 } }],
    ['the file', { file: 'heartbeat:\n  intervalMs: 500\n' }, { heartbeat: { intervalMs: 500 } }],
    ['the environment before the file', { env: { MUSTER_PHI_THRESHOLD: '6.5' }, file: 'phi: { threshold: 9 }' }, { phi: { threshold: 6.5 } }],
    ['a list in the environment', { env: { MUSTER_CLUSTER_COORDINATORS: 'http://a:8081, http://b:8081' } }, { cluster: { coordinators: ['http://a:8081', 'http://b:8081'] } }],
    ['a list in the file', { file: 'cluster: { coordinators: ["http://a:1"] }' }, { cluster: { coordinators: ['http://a:1'] } }],
    ['tags in the environment', { env: { MUSTER_NODE_TAGS: 'rack=r1, tier=a=b' } }, { node: { tags: { rack: 'r1', tier: 'a=b' } } }],
    ['tags in the file', { file: 'node: { tags: { rack: r1 } }' }, { node: { tags: { rack: 'r1' } } }],
    ['a bare broker list in KAFKA_BROKERS', { env: { KAFKA_BROKERS: 'k1:9092, k2:9092' } }, { bus: { url: 'kafka://k1:9092,k2:9092' } }],
    ['MUSTER_BUS_URL before KAFKA_BROKERS', { env: { KAFKA_BROKERS: 'k1:9092', MUSTER_BUS_URL: 'embedded:/run/bus.sock' } }, { bus: { url: 'embedded:/run/bus.sock' } }],
    ['a socket named from here', { file: 'bus: { url: "embedded:run/bus.sock" }' }, { bus: { url: `embedded:${resolve('run/bus.sock')}` } }],
    ['KAFKA_BROKERS before the file', { env: { KAFKA_BROKERS: 'k1:9092' }, file: 'bus: { url: "embedded:/x" }' }, { bus: { url: 'kafka://k1:9092' } }],
    ['JSON, which is YAML too', { file: '{"gossip": {"fanout": 5}}' }, { gossip: { fanout: 5 } }],
    ['a file with sections of other services', { file: 'producer: { ratePerSecond: 9 }\ngossip: { fanout: 2 }' }, { gossip: { fanout: 2 } }],
    ['an environment with settings of other services', { env: { MUSTER_PRODUCER_RATE_PER_SECOND: '9', MUSTER_GOSSIP_FANOUT: '2' } }, { gossip: { fanout: 2 } }],
    ['the default when the variable is empty', { env: { MUSTER_HTTP_PORT: '' } }, { http: { port: 8081 } }],
    ['the default when the file holds nothing', { file: '' }, { http: { port: 8081 } }],
    ['the default when the section holds nothing', { file: 'http:\n' }, { http: { port: 8081 } }],
  ];
  test.each(cases)('%s', (_, given, expected) => expect(load(given)).toMatchObject(expected));
});

describe('A7: one clear line for', () => {
  const cases: [string, Given, string][] = [
    ['a word for a number', { env: { MUSTER_HEARTBEAT_INTERVAL_MS: 'fast' } }, 'heartbeat.intervalMs (MUSTER_HEARTBEAT_INTERVAL_MS) is "fast" from MUSTER_HEARTBEAT_INTERVAL_MS: must be a number (allowed: 10 to 60000)'],
    ['a unit behind a number', { env: { MUSTER_FAILURE_TIMEOUT_MS: '15s' } }, 'failure.timeoutMs (MUSTER_FAILURE_TIMEOUT_MS) is "15s" from MUSTER_FAILURE_TIMEOUT_MS: must be a number (allowed: 100 to 600000, sensible 10000 to 30000)'],
    ['a number in hexadecimal', { env: { MUSTER_HTTP_PORT: '0x50' } }, 'http.port (MUSTER_HTTP_PORT) is "0x50" from MUSTER_HTTP_PORT: must be a number (allowed: 0 to 65535)'],
    ['text for a number in the file', { file: 'phi: { threshold: "8" }' }, 'phi.threshold (MUSTER_PHI_THRESHOLD) is "8" from the file: must be a number (allowed: 1 to 100, sensible 6 to 10)'],
    ['not a number at all', { file: 'phi: { threshold: .nan }' }, 'phi.threshold (MUSTER_PHI_THRESHOLD) is NaN from the file: must be a number (allowed: 1 to 100, sensible 6 to 10)'],
    ['a beat interval of nothing', { env: { MUSTER_HEARTBEAT_INTERVAL_MS: '0' } }, 'heartbeat.intervalMs (MUSTER_HEARTBEAT_INTERVAL_MS) is 0 from MUSTER_HEARTBEAT_INTERVAL_MS: must be at least 10 (allowed: 10 to 60000)'],
    ['a negative interval', { env: { MUSTER_HEARTBEAT_INTERVAL_MS: '-1000' } }, 'heartbeat.intervalMs (MUSTER_HEARTBEAT_INTERVAL_MS) is -1000 from MUSTER_HEARTBEAT_INTERVAL_MS: must be at least 10 (allowed: 10 to 60000)'],
    ['half a member', { env: { MUSTER_GOSSIP_FANOUT: '2.5' } }, 'gossip.fanout (MUSTER_GOSSIP_FANOUT) is 2.5 from MUSTER_GOSSIP_FANOUT: must be a whole number (allowed: 1 to 16, sensible 2 to 5)'],
    ['news told to nobody', { env: { MUSTER_GOSSIP_FANOUT: '0' } }, 'gossip.fanout (MUSTER_GOSSIP_FANOUT) is 0 from MUSTER_GOSSIP_FANOUT: must be at least 1 (allowed: 1 to 16, sensible 2 to 5)'],
    ['suspicion of everybody', { env: { MUSTER_PHI_THRESHOLD: '0' } }, 'phi.threshold (MUSTER_PHI_THRESHOLD) is 0 from MUSTER_PHI_THRESHOLD: must be at least 1 (allowed: 1 to 100, sensible 6 to 10)'],
    ['an endless stabilisation', { env: { MUSTER_STABILISATION_PERIOD_MS: '1e9' } }, 'stabilisation.periodMs (MUSTER_STABILISATION_PERIOD_MS) is 1000000000 from MUSTER_STABILISATION_PERIOD_MS: must be at most 3600000 (allowed: 0 to 3600000)'],
    ['a port that does not exist', { env: { MUSTER_HTTP_PORT: '70000' } }, 'http.port (MUSTER_HTTP_PORT) is 70000 from MUSTER_HTTP_PORT: must be at most 65535 (allowed: 0 to 65535)'],
    ['a level that does not exist', { env: { MUSTER_LOG_LEVEL: 'loud' } }, 'log.level (MUSTER_LOG_LEVEL) is "loud" from MUSTER_LOG_LEVEL: must be one of trace, debug, info, warn, error, fatal, silent'],
    ['a bus of another kind', { env: { MUSTER_BUS_URL: 'amqp://me:secret@mq' } }, 'bus.url (MUSTER_BUS_URL) is "amqp://me:***@mq" from MUSTER_BUS_URL: must be "embedded:<path of a socket>" or "kafka://host:port,host:port"'],
    ['a broker without a port', { env: { KAFKA_BROKERS: 'k1:9092,k2' } }, 'bus.url (MUSTER_BUS_URL) is "k1:9092,k2" from KAFKA_BROKERS: must be "embedded:<path of a socket>" or "kafka://host:port,host:port"'],
    ['an address that is no URL', { env: { MUSTER_CLUSTER_COORDINATORS: 'http://a:1,b' } }, 'cluster.coordinators (MUSTER_CLUSTER_COORDINATORS) is ["http://a:1","b"] from MUSTER_CLUSTER_COORDINATORS: entry 2 must be an http:// or https:// URL, or dns+http://name:port for all addresses of a name (allowed: 1 to 16 URLs)'],
    ['no coordinator', { file: 'cluster: { coordinators: [] }' }, 'cluster.coordinators (MUSTER_CLUSTER_COORDINATORS) is [] from the file: must name at least one coordinator (allowed: 1 to 16 URLs)'],
    ['tags without values', { env: { MUSTER_NODE_TAGS: 'rack' } }, 'node.tags (MUSTER_NODE_TAGS) is "rack" from MUSTER_NODE_TAGS: must be written key=value,key=value (allowed: at most 32)'],
    ['a tag that is a number', { file: 'node: { tags: { rack: 7 } }' }, 'node.tags (MUSTER_NODE_TAGS) is {"rack":7} from the file: "rack" must be text (allowed: at most 32)'],
    ['a node name with a space', { env: { MUSTER_NODE_ID: 'node 1' } }, 'node.id (MUSTER_NODE_ID) is "node 1" from MUSTER_NODE_ID: must be 1-128 letters, digits, ".", "_" or "-", starting with a letter or digit'],
    ['an advertised URL where a host belongs', { env: { MUSTER_NODE_ADVERTISE_HOST: 'http://x' } }, 'node.advertiseHost (MUSTER_NODE_ADVERTISE_HOST) is "http://x" from MUSTER_NODE_ADVERTISE_HOST: must be a host name or an IP address, without scheme and port'],
    ['a time-out that a few lost beats reach', { env: { MUSTER_FAILURE_TIMEOUT_MS: '3000' } }, 'failure.timeoutMs (MUSTER_FAILURE_TIMEOUT_MS) is 3000 from MUSTER_FAILURE_TIMEOUT_MS: must be more than three times heartbeat.intervalMs (1000), or a few lost beats look like a failure'],
    ['an interval too long for the default time-out', { env: { MUSTER_HEARTBEAT_INTERVAL_MS: '5000' } }, 'failure.timeoutMs (MUSTER_FAILURE_TIMEOUT_MS) is 15000 (default): must be more than three times heartbeat.intervalMs (5000), or a few lost beats look like a failure'],
    ['a misspelt setting in the file', { file: 'heartbeat: { intervalms: 5 }' }, 'heartbeat.intervalms in muster.yaml: no setting has this name (did you mean "intervalMs"?)'],
    ['a misspelt section in the file', { file: 'hearbeat: { intervalMs: 500 }' }, 'hearbeat in muster.yaml: no section has this name (did you mean "heartbeat"?)'],
    ['a section like no other', { file: 'kubernetes: {}' }, 'kubernetes in muster.yaml: no section has this name'],
    ['a misspelt variable', { env: { MUSTER_HEARTBEAT_INTERVALL_MS: '500' } }, 'MUSTER_HEARTBEAT_INTERVALL_MS is "500": no setting has this name (did you mean "MUSTER_HEARTBEAT_INTERVAL_MS"?)'],
    ['a variable without its unit', { env: { MUSTER_FAILURE_TIMEOUT: '15' } }, 'MUSTER_FAILURE_TIMEOUT is "15": no setting has this name (did you mean "MUSTER_FAILURE_TIMEOUT_MS"?)'],
    ['a section that holds a value', { file: 'heartbeat: 1000' }, 'heartbeat in muster.yaml is 1000: a section holds "name: value" lines'],
    ['a file that is a list', { file: '- heartbeat' }, 'MUSTER_CONFIG names muster.yaml, which holds ["heartbeat"]: it must hold sections, such as "heartbeat:"'],
    ['a setting written twice', { file: 'phi: { threshold: 8, threshold: 9 }' }, 'MUSTER_CONFIG names muster.yaml, which cannot be read: Map keys must be unique at line 1, column 22:'],
    ['a section written as __proto__', { file: '__proto__: { polluted: true }' }, '__proto__ in muster.yaml: no section has this name'],
  ];
  test.each(cases)('%s', (_, given, line) => expect(problemsOf(given)).toEqual([line]));

  test('a file that is not there', () => {
    expect(() => loadConfig(schema, { env: { MUSTER_CONFIG: '/nowhere/muster.yaml' } })).toThrow("MUSTER_CONFIG names /nowhere/muster.yaml, which cannot be read: ENOENT: no such file or directory, open '/nowhere/muster.yaml'");
  });
});

test('all problems are reported together, relations included', () => {
  const problems = problemsOf({ env: { MUSTER_HTTP_PROT: '1', MUSTER_PHI_THRESHOLD: 'x', MUSTER_FAILURE_TIMEOUT_MS: '2000' }, file: 'gosip: {}\nnode: { zone: "" }' });
  expect(problems.map((line) => line.split(' ')[0])).toEqual(['gosip', 'MUSTER_HTTP_PROT', 'node.zone', 'phi.threshold', 'failure.timeoutMs']);
});

describe('variables that are not ours to judge', () => {
  const cases: [string, string][] = [
    ['MUSTER_CONFIG', ''],
    ['MUSTER_CWD', '/home/me'],
    ['MUSTER_TEST_KEEP', '1'],
    ['MUSTER_SERVICE_HOST', '10.0.0.1'],
    ['MUSTER_SERVICE_PORT_HTTP', '8080'],
    ['MUSTER_PORT', 'tcp://10.0.0.1:8080'],
    ['MUSTER_PORT_8080_TCP_ADDR', '10.0.0.1'],
    ['MUSTERED', 'x'],
    ['PATH', '/bin'],
  ];
  test.each(cases)('%s=%s is left alone', (name, value) => expect(problemsOf({ env: { [name]: value } })).toEqual([]));
});

test('the result cannot be changed, however deep', () => {
  const config = load({ env: { MUSTER_NODE_TAGS: 'a=b' } });
  expect(Object.isFrozen(config) && Object.isFrozen(config.node.tags) && Object.isFrozen(config.cluster.coordinators)).toBe(true);
});

test('a rule that a service puts on its whole schema is reported with key and variable', () => {
  const paired = z.strictObject({ range: z.strictObject({ min: z.int().default(1), max: z.int().default(2) }) }).superRefine(({ range }, context) => {
    if (range.min > range.max) context.addIssue({ code: 'custom', path: ['range', 'min'], message: 'must not exceed range.max' });
  });
  expect(() => loadConfig(paired, { env: { MUSTER_RANGE_MIN: '5' } })).toThrow('range.min (MUSTER_RANGE_MIN) is 5 from MUSTER_RANGE_MIN: must not exceed range.max');
});

test('a setting without a default that nobody gave is named', () => {
  const needy = z.strictObject({ database: z.strictObject({ url: z.string().meta({ env: 'DATABASE_URL' }) }) });
  expect(() => loadConfig(needy, { env: {} })).toThrow('database.url (MUSTER_DATABASE_URL) is not set: must be text');
});

test('booleans take the words people use', () => {
  const flags = z.strictObject({ flag: z.strictObject({ isOn: z.boolean().default(false) }) });
  const read = (text: string) => loadConfig(flags, { env: { MUSTER_FLAG_IS_ON: text } }).flag.isOn;
  expect(['true', '1', 'yes', 'ON', 'false', '0', 'no', 'off'].map(read)).toEqual([true, true, true, true, false, false, false, false]);
  expect(() => read('maybe')).toThrow('flag.isOn (MUSTER_FLAG_IS_ON) is "maybe" from MUSTER_FLAG_IS_ON: must be true or false');
});

test('whatever is written, the answer is a configuration or a list of lines', () => {
  const names = fc.constantFrom('MUSTER_HEARTBEAT_INTERVAL_MS', 'MUSTER_NODE_TAGS', 'MUSTER_BUS_URL', 'KAFKA_BROKERS', 'MUSTER_CLUSTER_COORDINATORS', 'MUSTER_LOG_LEVEL', 'MUSTER_X');
  fc.assert(
    fc.property(fc.dictionary(names, fc.string({ unit: 'binary' }), { noNullPrototype: true }), fc.option(fc.oneof(fc.string(), fc.json()), { nil: undefined }), (env, file) => {
      const problems = problemsOf(file === undefined ? { env } : { env, file });
      return problems.every((line) => line !== '' && !line.includes('\n'));
    }),
  );
});
