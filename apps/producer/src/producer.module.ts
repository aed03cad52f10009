/** Composition root of the producer: the only place where its parts meet the bus, the agent and the process. */
import { Agent, AgentModule, memberOptions } from '@muster/agent';
import { coordinatorSource } from '@muster/config';
import type { MessageBus } from '@muster/contracts';
import { MessagingModule } from '@muster/messaging';
import type { ServiceHost } from '@muster/observability';
import { type DynamicModule, Module } from '@nestjs/common';
import type { ProducerConfig } from './config.js';
import { FollowService } from './follow/follow.service.js';
import { GeneratorService } from './generate/generator.service.js';
import { LogsController } from './intake/logs.controller.js';
import { LogPublisher } from './publish/log-publisher.js';
import { ProducerLifecycle } from './producer-lifecycle.js';
import { StatsController } from './stats.controller.js';

export interface ProducerParts {
  readonly config: ProducerConfig;
  readonly host: ServiceHost;
  readonly bus: MessageBus;
}

@Module({})
export class ProducerModule {
  static forRoot({ config, host, bus }: ProducerParts): DynamicModule {
    const { producer, node } = config;
    const { nodeId, metrics, logger } = host;
    return {
      module: ProducerModule,
      imports: [
        MessagingModule.forRoot({ bus }),
        AgentModule.forRoot(memberOptions({ config, host, bus, coordinators: coordinatorSource(config.cluster.coordinators) })),
      ],
      controllers: [LogsController, StatsController],
      providers: [
        {
          provide: LogPublisher,
          useFactory: (agent: Agent) => new LogPublisher({ bus, inFlightMax: producer.inFlightMax, operation: (ok) => agent.operation(ok), metrics }),
          inject: [Agent],
        },
        {
          provide: GeneratorService,
          useFactory: (publisher: LogPublisher) => new GeneratorService({ publisher, ratePerSecond: producer.ratePerSecond, producerId: nodeId, metrics, logger }),
          inject: [LogPublisher],
        },
        {
          provide: FollowService,
          useFactory: (publisher: LogPublisher) =>
            new FollowService({
              file: producer.file,
              dataDir: node.dataDir,
              producerId: nodeId,
              service: producer.fileService,
              lineBytesMax: producer.fileLineBytesMax,
              pollMs: producer.filePollMs,
              rotatedQuietMs: producer.fileRotatedQuietMs,
              publisher,
              metrics,
              logger,
            }),
          inject: [LogPublisher],
        },
        {
          provide: ProducerLifecycle,
          useFactory: (publisher: LogPublisher, generator: GeneratorService, follow: FollowService, agent: Agent) => new ProducerLifecycle({ bus, host, publisher, generator, follow, agent }),
          inject: [LogPublisher, GeneratorService, FollowService, Agent],
        },
      ],
    };
  }
}
