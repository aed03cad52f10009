/** Starts the producer. `--file PATH` follows a file and stands for MUSTER_PRODUCER_FILE. */
import 'reflect-metadata';
import { parseArgs } from 'node:util';
import { createMessageBus } from '@muster/messaging';
import { runService } from '@muster/observability';
import { producerSchema } from './config.js';
import { limitBodies } from './intake/body-limit.js';
import { ProducerModule } from './producer.module.js';

const { values } = parseArgs({ options: { file: { type: 'string' } } });

await runService({
  env: { ...process.env, ...(values.file === undefined ? {} : { MUSTER_PRODUCER_FILE: values.file }) },
  service: 'producer',
  schema: producerSchema,
  build: (config, host) => {
    const bus = createMessageBus(config.bus.url, { clientId: host.nodeId, logger: host.logger, metrics: host.metrics, requestTimeoutMs: config.bus.requestTimeoutMs });
    return ProducerModule.forRoot({ config, host, bus });
  },
  describeApi: async (document) => {
    const { describeProducerApi } = await import('./api-description.js');
    describeProducerApi(document);
  },
  configure: (app, config) => limitBodies(app, config.producer.bodyBytesMax),
});
