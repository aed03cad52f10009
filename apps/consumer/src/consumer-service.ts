/** What the consumer is: its settings, its modules, its subscription; started by `main` and, in one process, by tests. */
import { createMessageBus } from '@muster/messaging';
import type { ServiceDefinition } from '@muster/observability';
import { type ConsumerConfig, consumerSchema } from './config.js';
import { type ConsumerApp, consumerApp } from './consumer.module.js';

export function consumerService(env: Readonly<Record<string, string | undefined>>): ServiceDefinition<ConsumerConfig> {
  let consumer: ConsumerApp | undefined;
  return {
    env,
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
  };
}
