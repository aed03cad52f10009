/** Starts and ends what the consumer does in the background. The bus stops handing out batches before the database closes. */
import type { Agent } from '@muster/agent';
import type { ServiceHost } from '@muster/observability';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { ConsumerState } from './consumer-state.js';
import type { Database } from './database/database.js';

export class ConsumerLifecycle implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(
    private readonly host: ServiceHost,
    private readonly agent: Agent,
    private readonly state: ConsumerState,
    private readonly database: Database,
  ) {}

  onApplicationBootstrap(): void {
    const { host, agent, state } = this;
    host.health.register('database', () => state.databaseCheck());
    host.health.register('bus', () => state.busCheck());
    agent.registerCheck('database', () => state.memberDatabaseCheck());
    agent.registerCheck('lag', () => state.lagCheck());
    this.database.start();
  }

  /** Nest has closed the subscription by now. */
  async onApplicationShutdown(): Promise<void> {
    await this.database.stop();
  }
}
