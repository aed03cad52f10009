/** Starts the view with the application and lets go of connections after the last request. */
import type { Agent } from '@muster/agent';
import type { HealthRegistry } from '@muster/observability';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { Proxy } from './proxy/proxy.js';
import type { CoordinatorReads } from './status/coordinator-reads.js';
import type { ViewKeeper } from './view/view-keeper.js';

export interface GatewayLifecycleParts {
  readonly view: ViewKeeper;
  readonly proxy: Proxy;
  readonly reads: CoordinatorReads;
  readonly health: HealthRegistry;
  readonly agent: Agent;
}

export class GatewayLifecycle implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(private readonly parts: GatewayLifecycleParts) {}

  onApplicationBootstrap(): void {
    const { view, health, agent } = this.parts;
    health.register('view', () => view.readiness());
    agent.registerCheck('view', () => view.readiness());
    void view.start();
  }

  /** Only now: proxied requests that were under way have ended or were cut. */
  async onApplicationShutdown(): Promise<void> {
    await this.parts.proxy.close();
    await this.parts.reads.close();
    await this.parts.view.close();
  }
}
