/** The gateway as a service that `runService` or a test can start. */
import { createMessageBus } from '@muster/messaging';
import type { ServiceDefinition } from '@muster/observability';
import { type GatewayConfig, gatewaySchema } from './config.js';
import { describeApi } from './describe-api.js';
import { createProxy, createView, GatewayModule } from './gateway.module.js';
import type { Proxy } from './proxy/proxy.js';
import { createViewCache } from './view/create-view-cache.js';

export function gatewayService(env: Readonly<Record<string, string | undefined>>): ServiceDefinition<GatewayConfig> {
  let proxy: Proxy | null = null;
  return {
    env,
    service: 'gateway',
    schema: gatewaySchema,
    build: async (config, host) => {
      const { logger, metrics, nodeId } = host;
      const bus = createMessageBus(config.bus.url, { clientId: nodeId, logger, metrics, requestTimeoutMs: config.bus.requestTimeoutMs });
      const cache = await createViewCache({ url: config.redis.url, dataDir: config.node.dataDir, cluster: config.cluster.name, logger });
      const parts = { config, host, bus, cache };
      const view = createView(parts);
      proxy = createProxy(parts, view);
      return GatewayModule.forRoot(parts, view, proxy);
    },
    describeApi,
    // Offered requests before the view is there are answered with 503 and a hint, not parked.
    rawHandler: () => (request, response) => proxy?.handle(request, response) ?? false,
  };
}
