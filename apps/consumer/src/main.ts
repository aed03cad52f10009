/** Starts the consumer. */
import 'reflect-metadata';
import { createMessageBus } from '@muster/messaging';
import { runService } from '@muster/observability';
import { consumerSchema } from './config.js';
import { type ConsumerApp, consumerApp } from './consumer.module.js';

let consumer: ConsumerApp | undefined;

await runService({
  env: process.env,
  service: 'consumer',
  schema: consumerSchema,
  build: (config, host) => {
    const bus = createMessageBus(config.bus.url, { clientId: host.nodeId, logger: host.logger, metrics: host.metrics, requestTimeoutMs: config.bus.requestTimeoutMs });
    consumer = consumerApp({ config, host, bus });
    return consumer.module;
  },
  describeApi: async (document) => {
    const { describeConsumerApi } = await import('./api-description.js');
    describeConsumerApi(document);
  },
  configure: (app) => {
    if (consumer !== undefined) app.connectMicroservice({ strategy: consumer.strategy });
  },
});
