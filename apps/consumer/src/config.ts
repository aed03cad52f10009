/** Every setting of the consumer: what is accepted, what is the default, what it does. */
import { httpSection, sections } from '@muster/config';
import { z } from 'zod';

export const CONSUMER_PORT_DEFAULT = 8083;

const DATABASE_URL = /^(postgres(ql)?:\/\/\S+|pglite:\/\/\S.*)$/;

const database = z.strictObject({
  url: z
    .string()
    .regex(DATABASE_URL, 'must be "postgres://user:password@host:port/name" or "pglite://<folder>"')
    .optional()
    .meta({ doc: 'Where records are stored: a PostgreSQL server, or `pglite://<folder>` for a database inside this process (one machine, one consumer).', env: 'DATABASE_URL', defaultDoc: '`pglite://<node.dataDir>/pglite`' }),
  poolMax: z.int().min(2).max(100).default(8).meta({ doc: 'Connections to the server at most. The embedded database has one.', unit: 'count', range: '2 to 100', raising: 'More queries at once; more load on the server.' }),
  statementTimeoutMs: z.int().min(100).max(3_600_000).default(30_000).meta({ doc: 'How long one statement may take.', unit: 'ms', range: '100 to 3600000', raising: 'Wider queries succeed; a stuck one is noticed later.' }),
});

const consumer = z.strictObject({
  group: z.string().min(1).max(128).default('muster-consumer').meta({ doc: 'Group of consumers that share the partitions. Positions in the database belong to it.', range: '1 to 128 characters' }),
  partitionsConcurrent: z.int().min(1).max(64).default(3).meta({ doc: 'Partitions written at once. The embedded database takes one after the other.', unit: 'count', range: '1 to 64', raising: 'More throughput where the database is far away; more connections.' }),
  lagRecordsMax: z.int().min(1).default(100_000).meta({ doc: 'Unread records above which this member reports itself as lagging.', unit: 'count', range: 'from 1', raising: 'Longer backlogs count as normal.' }),
});

export const consumerSchema = z.strictObject({
  cluster: sections.cluster,
  node: sections.node,
  bus: sections.bus,
  http: httpSection(CONSUMER_PORT_DEFAULT),
  heartbeat: sections.heartbeat,
  log: sections.log,
  database,
  consumer,
});
export type ConsumerConfig = z.output<typeof consumerSchema>;

export const databaseUrlOf = (config: ConsumerConfig): string => config.database.url ?? `pglite://${config.node.dataDir}/pglite`;
