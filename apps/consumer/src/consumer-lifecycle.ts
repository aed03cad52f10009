/** Starts and ends what the consumer does in the background. The bus stops handing out batches before the database closes. */
import type { Agent } from '@muster/agent';
import type { ServiceHost } from '@muster/observability';
import type { BeforeApplicationShutdown, OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { ConsumerState } from './consumer-state.js';
import type { Database } from './database/database.js';

/** How long the last batch may take. Milliseconds. */
const LAST_BATCH_MS_MAX = 3000;

export class ConsumerLifecycle implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  private limit: NodeJS.Timeout | undefined;

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

  /** From here on the subscription closes, which waits for the batch that is being stored. */
  beforeApplicationShutdown(): void {
    this.limit = setTimeout(() => this.database.giveUp(), LAST_BATCH_MS_MAX);
  }

  /** Nest has closed the subscription by now. */
  async onApplicationShutdown(): Promise<void> {
    clearTimeout(this.limit);
    await this.database.stop();
  }
}
