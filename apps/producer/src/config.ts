/** Every setting of the producer: what is accepted, what is the default, what it does. */
import { httpSection, sections } from '@muster/config';
import { z } from 'zod';

export const PRODUCER_PORT_DEFAULT = 8082;

const producer = z.strictObject({
  ratePerSecond: z.number().min(0).max(100_000).default(5).meta({ doc: 'Log records made up per second. 0 makes none.', unit: 'records/s', range: '0 to 100000', raising: 'More load on bus and database.' }),
  inFlightMax: z.int().min(1).max(1_000_000).default(20_000).meta({ doc: 'Records on their way to the bus at once; above it requests are answered with 503.', unit: 'count', range: '1 to 1000000', raising: 'Longer stalls of the bus are bridged; more memory.' }),
  bodyBytesMax: z.int().min(1024).max(16_777_216).default(8_388_608).meta({ doc: 'Largest body of `POST /logs`.', unit: 'bytes', range: '1024 to 16777216', raising: 'More memory per request.' }),
  file: z.string().min(1).optional().meta({ doc: 'A file to follow: its lines become log records, through rotation and restarts. Also `--file`.', defaultDoc: 'none' }),
  fileService: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'must be 1-63 lower-case letters, digits or "-", starting with a letter').default('files').meta({ doc: 'Service of lines that name none.' }),
  filePollMs: z.int().min(10).max(60_000).default(250).meta({ doc: 'Time between looks at the followed file while it does not grow.', unit: 'ms', range: '10 to 60000', raising: 'Less work; lines arrive later.' }),
  fileLineBytesMax: z.int().min(256).max(1_048_576).default(65_536).meta({ doc: 'Longest line of the followed file that is taken whole; of a longer one the beginning is kept and marked `truncated`.', unit: 'bytes', range: '256 to 1048576', raising: 'More memory.' }),
  fileRotatedQuietMs: z.int().min(0).max(600_000).default(2000).meta({ doc: 'How long a renamed file must be quiet before the one that replaced it is read.', unit: 'ms', range: '0 to 600000', raising: 'Writers that are slow to change over lose nothing; new lines wait longer after a rotation.' }),
});

export const producerSchema = z.strictObject({
  cluster: sections.cluster,
  node: sections.node,
  bus: sections.bus,
  http: httpSection(PRODUCER_PORT_DEFAULT),
  heartbeat: sections.heartbeat,
  log: sections.log,
  producer,
});
export type ProducerConfig = z.output<typeof producerSchema>;
