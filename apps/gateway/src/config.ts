/** Every setting of the gateway: what is accepted, what is the default, what it does. */
import { httpSection, sections } from '@muster/config';
import { z } from 'zod';

export const GATEWAY_PORT_DEFAULT = 8080;

const gateway = z.strictObject({
  quorumDoubtMs: z.int().min(500).max(600_000).default(5000).meta({ doc: 'Silence of all coordinators after which the gateway says `hasQuorum: false`.', unit: 'ms', range: '500 to 600000', raising: 'Short outages do not show; long ones show later.' }),
  viewStaleMs: z.int().min(1000).max(3_600_000).default(30_000).meta({ doc: 'Silence of all coordinators after which members that were DOWN are tried again as a last resort.', unit: 'ms', range: '1000 to 3600000', raising: 'The last view is believed longer.' }),
  watchSilenceMs: z.int().min(500).max(60_000).default(3000).meta({ doc: 'Silence of one coordinator after which it is given up. Another one is tried beside it when its pulse is late, after 1300 ms.', unit: 'ms', range: '500 to 60000', raising: 'Busy coordinators are waited for; hung ones are left later.' }),
  watchersMax: z.int().min(0).max(100_000).default(1000).meta({ doc: 'Readers of `/cluster/watch` at once.', unit: 'count', range: '0 to 100000', raising: 'More memory and more copies of each change.' }),
  cacheSaveMs: z.int().min(100).max(600_000).default(2000).meta({ doc: 'Least time between two savings of the view for the next start.', unit: 'ms', range: '100 to 600000', raising: 'Less writing; a gateway starts with an older view.' }),
  connectTimeoutMs: z.int().min(50).max(60_000).default(1000).meta({ doc: 'Longest wait for a connection to a member, after which another one is tried.', unit: 'ms', range: '50 to 60000', raising: 'Slow networks are waited for; lost hosts cost more.' }),
  headersTimeoutMs: z.int().min(500).max(600_000).default(15_000).meta({ doc: 'Longest wait for the head of an answer.', unit: 'ms', range: '500 to 600000', raising: 'Slow queries are waited for.' }),
  doubtTimeoutMs: z.int().min(100).max(600_000).default(2000).meta({ doc: 'Longest wait for the head of an answer from a member in doubt (silent under a brake, or a last resort), while another one is left to ask and the request may be repeated.', unit: 'ms', range: '100 to 600000', raising: 'Slow answers are waited for; a frozen member costs more.' }),
  bodyTimeoutMs: z.int().min(500).max(3_600_000).default(60_000).meta({ doc: 'Longest pause within the body of an answer.', unit: 'ms', range: '500 to 3600000', raising: 'Slow streams live longer.' }),
  inflightMax: z.int().min(1).max(100_000).default(1000).meta({ doc: 'Proxied requests under way at once; above it they are answered with 503.', unit: 'count', range: '1 to 100000', raising: 'More memory and more load on members.' }),
  connectionsPerMember: z.int().min(1).max(10_000).default(64).meta({ doc: 'Connections to one member; requests above it wait for one.', unit: 'count', range: '1 to 10000', raising: 'More parallel load on a member.' }),
});

const redis = z.strictObject({
  url: z
    .string()
    .regex(/^(rediss?:\/\/.+|sqlite:.+)$/, 'must be "redis://host:port" or "sqlite:<file>"')
    .optional()
    .meta({ doc: 'Where the last view is kept for the next start: `redis://host:port`, shared by all gateways, or `sqlite:<file>` for one machine.', env: 'REDIS_URL', defaultDoc: '`sqlite:<node.dataDir>/gateway-view.db`' }),
});

export const gatewaySchema = z.strictObject({
  cluster: sections.cluster,
  node: sections.node,
  bus: sections.bus,
  http: httpSection(GATEWAY_PORT_DEFAULT),
  heartbeat: sections.heartbeat,
  log: sections.log,
  gateway,
  redis,
});
export type GatewayConfig = z.output<typeof gatewaySchema>;
