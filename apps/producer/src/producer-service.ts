/** What the producer is: its settings, its modules, its limits; started by `main` and, in one process, by tests. */
import { createMessageBus } from '@muster/messaging';
import type { ServiceDefinition } from '@muster/observability';
import { type ProducerConfig, producerSchema } from './config.js';
import { limitBodies } from './intake/body-limit.js';
import { ProducerModule } from './producer.module.js';

export const producerService = (env: Readonly<Record<string, string | undefined>>): ServiceDefinition<ProducerConfig> => ({
  env,
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
