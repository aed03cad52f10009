/** Composition root: makes the bus and the coordinator from the configuration and gives them to Nest. */
import type { Server } from 'node:http';
import { resolve } from 'node:path';
import { coordinatorAddresses } from '@muster/config';
import { ALL_TOPICS, type MessageBus } from '@muster/contracts';
import { createMessageBus, MessageBusStrategy, MessagingModule } from '@muster/messaging';
import { AppError, type ServiceHost } from '@muster/observability';
import { RaftGroup } from '@muster/raft-node';
import { type BeforeApplicationShutdown, type DynamicModule, Module, type OnApplicationBootstrap } from '@nestjs/common';
import type { MicroserviceOptions } from '@nestjs/microservices';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { BeatIntake } from './beats/beat-intake.js';
import { BeatRelay } from './beats/beat-relay.js';
import { BeatsController } from './beats/beats.controller.js';
import { HeartbeatsConsumer } from './beats/heartbeats.consumer.js';
import type { CoordinatorConfig } from './config.js';
import { Coordinator } from './coordinator.js';
import { Detection } from './detection/detection.js';
import { coordinatorHttp } from './http/coordinator-http.js';
import { Operators } from './http/operators.js';
import { keepRawBodies } from './http/raw-bodies.js';
import { whyNoPart } from './log/log-status.js';

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

/** What a coordinator takes from the outside world. */
export interface OutsideParts {
  readonly bus: MessageBus;
  /** Our place in the group is lost for good. */
  readonly onFailed: (reason: string) => void;
  /** Where coordinators answer, if not where the settings say. */
  readonly discover?: () => Promise<readonly string[]>;
}

/** What nobody catches ends the process with a line in the log, so that a sound one takes its place. */
function endProcess(reason: string): void {
  setImmediate(() => {
    throw new AppError('RAFT_MEMBER_FAILED', `${reason}: this coordinator ends, and reads everything anew when it is started again`, { statusCode: 500 });
  });
}

@Module({})
export class AppModule {
  /** With a bus of the caller's own, such as one in memory, and another end than that of the process, for tests. */
  static async forRoot(config: CoordinatorConfig, host: ServiceHost, { bus = makeBus(config, host), onFailed = endProcess, discover = () => coordinatorAddresses(config.cluster.coordinators) }: Partial<OutsideParts> = {}): Promise<DynamicModule> {
    const { nodeId, httpUrl, metrics, logger, health } = host;
    const coordinator = await Coordinator.open({ config, nodeId, httpUrl, bus, metrics, logger, onFailed, discover, onIncarnation: (incarnation) => health.announceIncarnation(incarnation) });
    const { group, cluster, views, orders, streams } = coordinator;
    // A minority is ready: it answers reads, and says how old they are. Who restarts what is not ready would harm it.
    health.register('raft', () => {
      const detail = whyNoPart(group.status());
      return { ok: detail === '', detail: detail === '' ? cluster.status().fault : detail };
    });
    const http = coordinatorHttp({ raft: group, cluster, views, orders, streams, secret: config.cluster.secret ?? null, metrics });
    return {
      module: AppModule,
      imports: [MessagingModule.forRoot({ bus })],
      controllers: [...http.controllers, BeatsController, HeartbeatsConsumer],
      providers: [
        ...http.providers,
        { provide: Coordinator, useValue: coordinator },
        { provide: RaftGroup, useValue: group },
        { provide: Detection, useValue: coordinator.detection },
        { provide: BeatIntake, useValue: coordinator.intake },
        { provide: BeatRelay, useValue: coordinator.relay },
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
  static listenTo(app: NestFastifyApplication, { coordinator: { stateBytesMax } }: CoordinatorConfig, bus: MessageBus, host: ServiceHost): void {
    const operators = app.get(Operators);
    keepRawBodies(app, { stateBytesMax, mayRestore: (headers) => operators.check({ headers }) });
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
