/** Composition root of the gateway: the only place where view, proxy, agent and bus meet. */
import { Agent, AgentModule, memberOptions } from '@muster/agent';
import { coordinatorSource } from '@muster/config';
import type { MessageBus } from '@muster/contracts';
import { MessagingModule } from '@muster/messaging';
import type { ServiceHost } from '@muster/observability';
import { type DynamicModule, Module } from '@nestjs/common';
import type { GatewayConfig } from './config.js';
import { GatewayLifecycle } from './gateway-lifecycle.js';
import { DEFAULT_ROUTES } from './proxy/routes.js';
import { Proxy } from './proxy/proxy.js';
import { ClusterController } from './status/cluster.controller.js';
import { CoordinatorReads } from './status/coordinator-reads.js';
import { WatchRelay } from './status/watch-relay.js';
import type { ViewCache } from './view/view-cache.js';
import { ViewKeeper } from './view/view-keeper.js';

export interface GatewayParts {
  readonly config: GatewayConfig;
  readonly host: ServiceHost;
  readonly bus: MessageBus;
  readonly cache: ViewCache;
}

@Module({})
export class GatewayModule {
  static forRoot({ config, host, bus }: GatewayParts, view: ViewKeeper, proxy: Proxy): DynamicModule {
    const { metrics } = host;
    const reads = new CoordinatorReads({ coordinators: () => view.coordinatorUrls(), metrics });
    return {
      module: GatewayModule,
      imports: [
        MessagingModule.forRoot({ bus }),
        AgentModule.forRoot(memberOptions({ config, host, bus, coordinators: coordinatorSource(config.cluster.coordinators) })),
      ],
      controllers: [ClusterController],
      providers: [
        { provide: ViewKeeper, useValue: view },
        { provide: WatchRelay, useFactory: () => new WatchRelay({ view, watchersMax: config.gateway.watchersMax, metrics }) },
        { provide: CoordinatorReads, useValue: reads },
        { provide: Proxy, useValue: proxy },
        { provide: GatewayLifecycle, useFactory: (agent: Agent) => new GatewayLifecycle({ view, proxy, reads, health: host.health, agent }), inject: [Agent] },
      ],
    };
  }
}

export function createView({ config, host, cache }: GatewayParts): ViewKeeper {
  const { quorumDoubtMs, watchSilenceMs, cacheSaveMs } = config.gateway;
  return new ViewKeeper({ coordinators: coordinatorSource(config.cluster.coordinators), cache, quorumDoubtMs, watchSilenceMs, cacheSaveMs, metrics: host.metrics, logger: host.logger });
}

export function createProxy({ config, host }: GatewayParts, view: ViewKeeper): Proxy {
  const proxy = new Proxy({ routes: DEFAULT_ROUTES, limits: config.gateway, zone: config.node.zone, viewAgeMs: () => view.ageMs(), metrics: host.metrics, logger: host.logger });
  view.subscribe((members, brakes) => proxy.update(members, brakes));
  return proxy;
}
