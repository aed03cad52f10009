/** Composition root: makes the bus and the coordinator from the configuration and gives them to Nest. */
import type { Server } from 'node:http';
import { resolve } from 'node:path';
import { ALL_TOPICS, type MessageBus } from '@muster/contracts';
import { createMessageBus, MessageBusStrategy, MessagingModule } from '@muster/messaging';
import type { ServiceHost } from '@muster/observability';
import { type BeforeApplicationShutdown, type DynamicModule, Module, type OnApplicationBootstrap } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { BeatIntake } from './beats/beat-intake.js';
import { BeatsController } from './beats/beats.controller.js';
import { HeartbeatsConsumer } from './beats/heartbeats.consumer.js';
import { Cluster } from './cluster.js';
import type { CoordinatorConfig } from './config.js';
import { Coordinator } from './coordinator.js';
import { Detection } from './detection/detection.js';
import { ClusterController } from './http/cluster.controller.js';
import { OrdersController } from './http/orders.controller.js';
import { Orders } from './http/orders.js';
import { Streams } from './http/streams.js';
import { Views } from './views.js';

/** Ties the coordinator to the life of the application. */
class CoordinatorLifecycle implements OnApplicationBootstrap, BeforeApplicationShutdown {
  constructor(private readonly coordinator: Coordinator) {}

  onApplicationBootstrap(): Promise<void> {
    return this.coordinator.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.coordinator.close();
  }
}

@Module({})
export class AppModule {
  /** With a bus of the caller's own, such as one in memory, for tests. */
  static async forRoot(config: CoordinatorConfig, host: ServiceHost, bus: MessageBus = makeBus(config, host)): Promise<DynamicModule> {
    const coordinator = await Coordinator.open({ config, nodeId: host.nodeId, httpUrl: host.httpUrl, bus, metrics: host.metrics, logger: host.logger, onIncarnation: (incarnation) => host.health.announceIncarnation(incarnation) });
    host.health.register('log', () => {
      const { fault, hasQuorum } = coordinator.cluster.status();
      return { ok: fault === '' && hasQuorum, detail: fault };
    });
    return {
      module: AppModule,
      imports: [MessagingModule.forRoot({ bus })],
      controllers: [ClusterController, OrdersController, BeatsController, HeartbeatsConsumer],
      providers: [
        { provide: Coordinator, useValue: coordinator },
        { provide: Cluster, useValue: coordinator.cluster },
        { provide: Detection, useValue: coordinator.detection },
        { provide: Orders, useValue: coordinator.orders },
        { provide: Views, useValue: coordinator.views },
        { provide: BeatIntake, useValue: coordinator.intake },
        { provide: Streams, useValue: coordinator.streams },
        { provide: CoordinatorLifecycle, useValue: new CoordinatorLifecycle(coordinator) },
      ],
    };
  }

  /**
   * Direct lanes are upgrades on the port of the service, which Nest knows nothing of.
   *
   * Beats come from every partition: the group is this coordinator's own. It begins with what comes, each time: beats
   * that waited for us would make nodes look alive that are long gone.
   */
  static listenTo(app: INestApplication, bus: MessageBus, host: ServiceHost): void {
    const server = app.getHttpServer() as Server;
    const { lanes } = app.get(Coordinator);
    server.on('upgrade', (request, socket, head) => lanes.upgrade(request, socket, head));
    app.connectMicroservice<MicroserviceOptions>({
      strategy: new MessageBusStrategy(bus, { group: `coordinator-${host.nodeId}`, from: 'latest', positions: () => Promise.resolve(new Map()), ensureTopics: ALL_TOPICS, logger: host.logger }),
    });
  }
}

function makeBus(config: CoordinatorConfig, host: ServiceHost): MessageBus {
  return createMessageBus(absolute(config.bus.url), { clientId: host.nodeId, logger: host.logger, metrics: host.metrics, requestTimeoutMs: config.bus.requestTimeoutMs });
}

/** The path of an embedded bus is taken from the working directory, as other paths are. */
function absolute(url: string): string {
  return url.startsWith('embedded:') ? `embedded:${resolve(url.slice('embedded:'.length))}` : url;
}
