/** Composition root of the consumer: the only place where its parts meet the bus, the database, the agent and the process. */
import { Agent, AgentModule, memberOptions } from '@muster/agent';
import { coordinatorSource } from '@muster/config';
import { ALL_TOPICS, EVENTS_TOPIC, LOGS_TOPIC, deadLetterTopic, type MessageBus } from '@muster/contracts';
import { MessageBusStrategy, MessagingModule } from '@muster/messaging';
import type { ServiceHost } from '@muster/observability';
import { type DynamicModule, Module } from '@nestjs/common';
import { type ConsumerConfig, databaseUrlOf } from './config.js';
import { ConsumerLifecycle } from './consumer-lifecycle.js';
import { ConsumerState } from './consumer-state.js';
import { Database } from './database/database.js';
import { databaseKind } from './database/data-source.js';
import { LogReader } from './query/log-reader.js';
import { LogsController } from './query/logs.controller.js';
import { BatchWriter } from './sink/batch-writer.js';
import { EVENT_TABLE } from './sink/event-table.js';
import { LOG_TABLE } from './sink/log-table.js';
import { PositionStore } from './sink/position-store.js';
import { EVENT_WRITER, LOG_WRITER, RecordsConsumer } from './sink/records.consumer.js';
import { SinkMetrics } from './sink/sink-metrics.js';
import { StatsController } from './stats.controller.js';

export interface ConsumerAppParts {
  readonly config: ConsumerConfig;
  readonly host: ServiceHost;
  readonly bus: MessageBus;
}

/** What stands outside Nest: made once, given to the module and to the transport strategy. */
export interface ConsumerApp {
  readonly module: DynamicModule;
  readonly strategy: MessageBusStrategy;
}

@Module({})
export class ConsumerModule {}

export function consumerApp({ config, host, bus }: ConsumerAppParts): ConsumerApp {
  const { metrics: registry, logger } = host;
  const url = databaseUrlOf(config);
  const database = new Database({ url, poolMax: config.database.poolMax, statementTimeoutMs: config.database.statementTimeoutMs }, logger);
  const positions = new PositionStore(database, config.consumer.group);
  const strategy = new MessageBusStrategy(bus, {
    group: config.consumer.group,
    from: 'earliest',
    positions: (assigned) => positions.assign(assigned),
    partitionsConcurrent: databaseKind(url) === 'pglite' ? 1 : config.consumer.partitionsConcurrent,
    ensureTopics: ALL_TOPICS.filter(({ name }) => TOPICS.includes(name)),
    logger,
  });
  const metrics = new SinkMetrics(registry, logger);
  const state = new ConsumerState({ database, metrics, bus, subscription: () => strategy.subscription(), lagRecordsMax: config.consumer.lagRecordsMax, registry });
  const module: DynamicModule = {
    module: ConsumerModule,
    imports: [MessagingModule.forRoot({ bus }), AgentModule.forRoot(memberOptions({ config, host, bus, coordinators: coordinatorSource(config.cluster.coordinators) }))],
    controllers: [RecordsConsumer, LogsController, StatsController],
    providers: [
      { provide: ConsumerState, useValue: state },
      { provide: LogReader, useValue: new LogReader(database) },
      { provide: LOG_WRITER, useFactory: (agent: Agent) => new BatchWriter({ database, positions, table: LOG_TABLE, metrics, operation: (ok) => agent.operation(ok) }), inject: [Agent] },
      { provide: EVENT_WRITER, useFactory: (agent: Agent) => new BatchWriter({ database, positions, table: EVENT_TABLE, metrics, operation: (ok) => agent.operation(ok) }), inject: [Agent] },
      { provide: ConsumerLifecycle, useFactory: (agent: Agent) => new ConsumerLifecycle(host, agent, state, database), inject: [Agent] },
    ],
  };
  return { module, strategy };
}

const TOPICS: readonly string[] = [LOGS_TOPIC, EVENTS_TOPIC].flatMap(({ name }) => [name, deadLetterTopic(name).name]);
