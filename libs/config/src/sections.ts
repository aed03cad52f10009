/**
 * The sections that several services share, each with its hard limits and its documentation.
 *
 * A limit here is where a value stops making sense; what is sensible is written in `range`.
 */
import { resolve } from 'node:path';
import { z } from 'zod';

const NODE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const HOST_PORT = /^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):\d{1,5}$/;
const WHERE_TO = 'must be "embedded:<path of a socket>" or "kafka://host:port,host:port"';

const isKafkaUrl = (url: string): boolean => url.startsWith('kafka://') && url.slice(8).split(',').every((broker) => HOST_PORT.test(broker.trim()));
const isEmbeddedUrl = (url: string): boolean => url.startsWith('embedded:') && url.length > 'embedded:'.length;
/** `KAFKA_BROKERS` holds a bare list, as it does for other tools; a socket is named by its absolute path, whoever opens it. */
function plainUrl(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (isEmbeddedUrl(value)) return `embedded:${resolve(value.slice('embedded:'.length))}`;
  return value.split(',').every((broker) => HOST_PORT.test(broker.trim())) ? `kafka://${value.replaceAll(' ', '')}` : value;
}

const coordinatorUrl = z.url({ protocol: /^(dns\+)?https?$/, error: 'must be an http:// or https:// URL, or dns+http://name:port for all addresses of a name' });

const cluster = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'must be 1-63 lower-case letters, digits or "-"')
    .default('muster')
    .meta({ doc: 'Name of the cluster, shown in its status and part of the id of every event.' }),
  coordinators: z
    .array(coordinatorUrl)
    .min(1, 'must name at least one coordinator')
    .max(16)
    .default(['http://127.0.0.1:8081'])
    .meta({ doc: 'Where coordinators answer HTTP: all of them, or those to begin with. `dns+http://name:port` stands for every address that the name has.', range: '1 to 16 URLs' }),
  secret: z
    .string()
    .min(16, 'must be at least 16 characters')
    .max(256)
    .optional()
    .meta({ doc: 'Known to all coordinators and to nobody else: proves that they belong together. Needed when there is more than one. Operators give it to change the Raft group.', range: '16 to 256 characters' }),
});

const node = z.strictObject({
  id: z
    .string()
    .regex(NODE_ID, 'must be 1-128 letters, digits, ".", "_" or "-", starting with a letter or digit')
    .optional()
    .meta({ doc: 'Name of this member, the same after every restart and used by no other member.', defaultDoc: '`<service>-<host name>`' }),
  zone: z.string().min(1).max(64).default('default').meta({ doc: 'Failure domain: members of one zone may fail together.', range: '1 to 64 characters' }),
  tags: z
    .record(z.string().min(1).max(64), z.string().max(256))
    .refine((tags) => Object.keys(tags).length <= 32, 'must be at most 32 tags')
    .default({})
    .meta({ doc: 'Labels that other members and tools can see, written `key=value,key=value` in the environment.', range: 'at most 32' }),
  dataDir: z.string().min(1).default('.muster/data').meta({ doc: 'Folder for what must survive a restart. Made when it is missing.' }),
  advertiseHost: z
    .string()
    .regex(/^[A-Za-z0-9._:[\]-]+$/, 'must be a host name or an IP address, without scheme and port')
    .optional()
    .meta({ doc: 'Host name or address under which others reach this member.', defaultDoc: '`127.0.0.1` when `http.host` is a loopback address, else the host name' }),
});

const bus = z.strictObject({
  url: z
    .preprocess(plainUrl, z.string().refine((url) => isKafkaUrl(url) || isEmbeddedUrl(url), WHERE_TO))
    .prefault('embedded:.muster/bus.sock')
    .meta({
      doc: 'The message bus: `kafka://host:port,host:port`, or `embedded:<path of a socket>` for the bus that `muster bus` serves on one machine. `KAFKA_BROKERS` takes a bare `host:port` list.',
      env: 'KAFKA_BROKERS',
    }),
  requestTimeoutMs: z.int().min(100).max(300_000).default(10_000).meta({ doc: 'How long one request to the bus may take.', unit: 'ms', range: '100 to 300000', raising: 'Slow brokers are waited for; a dead one is noticed later.' }),
});

const heartbeat = z.strictObject({
  intervalMs: z.int().min(10).max(60_000).default(1000).meta({ doc: 'Time between two beats of a member.', unit: 'ms', range: '10 to 60000', raising: 'Less traffic; failures are noticed later.' }),
});

const failure = z.strictObject({
  timeoutMs: z
    .int()
    .min(100)
    .max(600_000)
    .default(15_000)
    .meta({ doc: 'Longest silence before a member is DOWN, whatever else is known. More than three beat intervals.', unit: 'ms', range: '100 to 600000, sensible 10000 to 30000', raising: 'Longer pauses are forgiven; a dead member stays in the view longer.' }),
  preset: z
    .enum(['local', 'lan', 'wan'])
    .default('lan')
    .meta({ doc: 'How patient detection is with the network: `local` for one machine, `lan` for one site, `wan` for members far apart.', range: 'local, lan, wan' }),
});

const hung = z.strictObject({
  timeoutMs: z.int().min(1000).max(3_600_000).default(60_000).meta({ doc: 'How long the main loop of a member may stand still, while its process answers, before it is DOWN. It gets no traffic long before.', unit: 'ms', range: '1000 to 3600000', raising: 'Longer freezes are forgiven.' }),
});

const brake = z.strictObject({
  fraction: z.number().min(0.01).max(1).default(0.3).meta({ doc: 'Share of a zone, or of the cluster, that may fall silent at once; when it is more (and at least two), none of them is declared DOWN for silence. 1 turns the brake off.', unit: 'ratio', range: '0.01 to 1', raising: 'More members may be removed at once.' }),
  holdMs: z.int().min(1000).max(3_600_000).default(60_000).meta({ doc: 'How long the same members must stay silent, while others are well, before the brake lets go and they are removed one after the other.', unit: 'ms', range: '1000 to 3600000', raising: 'Outages of a whole zone are left alone for longer.' }),
});

const flap = z.strictObject({
  halfLifeMs: z.int().min(1000).max(86_400_000).default(60_000).meta({ doc: 'Time in which half of what a member did wrong is forgotten.', unit: 'ms', range: '1000 to 86400000', raising: 'Members that flap stay without traffic for longer.' }),
  suppress: z.number().min(0.5).max(100).default(1.5).meta({ doc: 'Failures, older ones counting less, above which a member is damped: it stays a member and gets no traffic.', unit: 'failures', range: '0.5 to 100', raising: 'More flapping is tolerated.' }),
  reuse: z.number().min(0.1).max(100).default(0.75).meta({ doc: 'Failures, older ones counting less, below which a damped member is believed again. Less than `flap.suppress`.', unit: 'failures', range: '0.1 to 100', raising: 'Damped members come back sooner.' }),
});

const reap = z.strictObject({
  afterMs: z.int().min(1000).max(31_536_000_000).default(86_400_000).meta({ doc: 'Time after which a member that is DOWN or LEFT is forgotten.', unit: 'ms', range: '1000 to 31536000000', raising: 'Old members are listed for longer.' }),
});

const phi = z.strictObject({
  threshold: z.number().min(1).max(100).default(8).meta({ doc: 'Suspicion at which a silent member is SUSPECT: 8 means that one such silence in 100 million is harmless.', range: '1 to 100, sensible 6 to 10', raising: 'Fewer false suspicions; real failures are suspected later.' }),
});

const gossip = z.strictObject({
  fanout: z.int().min(1).max(16).default(3).meta({ doc: 'Members that are told a piece of news at once. Checked, but without effect in this version, which tells everybody through the bus and the coordinators.', unit: 'count', range: '1 to 16, sensible 2 to 5', raising: 'News spreads in fewer rounds and costs more traffic.' }),
});

const stabilisation = z.strictObject({
  periodMs: z.int().min(0).max(3_600_000).default(30_000).meta({ doc: 'How long a member that returns is watched before it is HEALTHY again. 0 trusts it at once.', unit: 'ms', range: '0 to 3600000', raising: 'Members that flap cause less harm; good ones serve later.' }),
});

const raft = z.strictObject({
  expect: z.int().min(1).max(7).optional().meta({ doc: 'Coordinators that have to see each other before they form a group, once; a formed group knows its members. Odd.', unit: 'count', range: '1 to 7, sensible 3 or 5', defaultDoc: 'the number of `cluster.coordinators`' }),
  host: z.string().min(1).default('0.0.0.0').meta({ doc: 'Address on which the Raft port listens.' }),
  port: z.int().min(0).max(65_535).default(7081).meta({ doc: 'Port for the other coordinators; 0 takes any free one.', range: '0 to 65535' }),
  heartbeatMs: z.int().min(10).max(5000).default(50).meta({ doc: 'Time between two heartbeats of the leader.', unit: 'ms', range: '10 to 5000', raising: 'Less traffic; `raft.electionTimeoutMs` has to rise as well.' }),
  electionTimeoutMs: z.int().min(50).max(60_000).default(500).meta({ doc: 'Silence of the leader after which another is elected, at the earliest; at the latest after twice this. At least five heartbeats.', unit: 'ms', range: '50 to 60000, sensible 500 to 5000', raising: 'Slow networks and disks cause fewer elections; a dead leader is replaced later.' }),
  tlsCaFile: z.string().min(1).optional().meta({ doc: 'PEM file of the authority that signed the certificates of all coordinators. With it, `raft.tlsCertFile` and `raft.tlsKeyFile`, coordinators talk over mutual TLS.' }),
  tlsCertFile: z.string().min(1).optional().meta({ doc: 'PEM file of the certificate of this coordinator, which names its node id.' }),
  tlsKeyFile: z.string().min(1).optional().meta({ doc: 'PEM file of the key of this coordinator.' }),
});

export const LOG_SETTING_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const log = z.strictObject({
  level: z.enum(LOG_SETTING_LEVELS).default('info').meta({ doc: 'Least severe entry that is written.', range: LOG_SETTING_LEVELS.join(', ') }),
  format: z.enum(['json', 'pretty']).default('json').meta({ doc: '`json` for machines, `pretty` for a terminal.', range: 'json, pretty' }),
});

/** The HTTP section of a service; only the default port differs between services. */
export const httpSection = (defaultPort: number) =>
  z.strictObject({
    host: z.string().min(1).default('0.0.0.0').meta({ doc: 'Address to listen on.' }),
    port: z.int().min(0).max(65_535).default(defaultPort).meta({ doc: 'Port to listen on; 0 takes any free one.', range: '0 to 65535' }),
  });

export const sections = { cluster, node, bus, heartbeat, failure, hung, brake, flap, reap, phi, gossip, stabilisation, raft, log } as const;
