/**
 * Starts one service in this process and gives a handle to end it; touches no signal and ends no process.
 *
 * Order: listen (health answers) -> build -> Nest -> HTTP routes -> message handlers -> ready. The end goes the other way:
 * not ready -> `onModuleDestroy` and `beforeApplicationShutdown` (leave) -> HTTP and message handlers close ->
 * `onApplicationShutdown` (bus, database).
 */
import type { RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import { type ConfigSchema, loadConfig } from '@muster/config';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger as PinoLogger } from 'pino';
import { Counter } from 'prom-client';
import { AppErrorFilter, type Reply } from './app-error.filter.js';
import { type ApiDocument, serveApiDocs } from './api-docs.js';
import { errorResponse } from './error-response.js';
import { HealthRegistry } from './health-registry.js';
import { HostModule } from './host.module.js';
import { HttpFront, type RawHandler } from './http-front.js';
import { createLogging } from './logging.js';
import { createMetrics, exposeReadiness } from './metrics.js';
import { NestLogger } from './nest-logger.js';
import { type HostedConfig, httpUrlOf, nodeIdOf, type ServiceHost } from './service-host.js';
import { listenFailure } from './start-failure.js';

export interface ServiceDefinition<C extends HostedConfig> {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Name of the service, such as `producer`. */
  readonly service: string;
  /** Default: the version of the workspace. */
  readonly version?: string;
  readonly schema: ConfigSchema<C>;
  /** Makes the root module; the port is open already, so `host.httpUrl` is final. */
  readonly build: (config: C, host: ServiceHost) => Type | DynamicModule | Promise<Type | DynamicModule>;
  /** Adds what modules cannot: microservice strategies, hooks, pipes. Strategies are started after the HTTP routes. */
  readonly configure?: (app: NestFastifyApplication, config: C, host: ServiceHost) => void | Promise<void>;
  /** A data path in front of Nest. */
  readonly rawHandler?: (config: C, host: ServiceHost) => RawHandler;
  /** Adds to the OpenAPI document what Nest cannot know, such as bodies that zod describes. Called when it is first asked for. */
  readonly describeApi?: (document: ApiDocument) => void | Promise<void>;
}

export interface RunningService {
  readonly host: ServiceHost;
  readonly logger: PinoLogger;
  readonly app: NestFastifyApplication;
  /** Port that is listened on. */
  readonly port: number;
  /** Resolves when every message handler reads. HTTP answers before, and the readiness check `subscriptions` is not ok until then. */
  readonly subscribed: Promise<void>;
  /** Not ready -> the hooks of the application -> close. */
  close(): Promise<void>;
  /** Writes what waits to be logged, for a moment at most. The last step before the process ends. */
  closeLog(): Promise<void>;
}

/** Largest request body that is taken. Bytes. */
const BODY_BYTES_MAX = 16 * 1024 * 1024;

export async function startService<C extends HostedConfig>(definition: ServiceDefinition<C>): Promise<RunningService> {
  const config = loadConfig(definition.schema, { env: definition.env });
  const front = new HttpFront();
  const port = await front.listen(config.http.host, config.http.port).catch((error: unknown) => {
    throw listenFailure(error, config.http);
  });
  try {
    return await startBehind(front, port, definition, config);
  } catch (error) {
    await front.close();
    throw error;
  }
}

async function startBehind<C extends HostedConfig>(front: HttpFront, port: number, definition: ServiceDefinition<C>, config: C): Promise<RunningService> {
  const { service, version = ownVersion() } = definition;
  const nodeId = nodeIdOf(service, config);
  const health = new HealthRegistry();
  const metrics = createMetrics({ service, nodeId, version });
  const dropped = new Counter({ name: 'log_entries_dropped_total', help: 'Log entries given up because nobody read standard output.', registers: [metrics] });
  const { logger, close: closeLog } = createLogging({ service, nodeId, ...config.log, onDrop: () => dropped.inc() });
  const host: ServiceHost = { service, version, nodeId, httpUrl: httpUrlOf(config, port), logger, metrics, health };
  exposeReadiness(host.metrics, health);
  front.identify(host);
  const module = await definition.build(config, host);
  if (definition.rawHandler !== undefined) front.offerRaw(definition.rawHandler(config, host));
  const app = await createApp(front, { module: HostModule, imports: [HostModule.forRoot(host, config), module] }, host);
  serveApiDocs(app, host, definition.describeApi);
  await definition.configure?.(app, config, host);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  front.openApplication();
  health.enter('running');
  const subscribed = startMessageHandlers(app, health);
  // Whoever waits for it gets the failure; it must not end the process of somebody who does not.
  subscribed.catch(() => undefined);
  logger.info({ url: host.httpUrl, version, pid: process.pid }, `${service} is up`);
  return { host, logger, app, port, subscribed, close: () => closeService({ app, front, health }), closeLog };
}

/** All packages of the workspace carry one version. */
function ownVersion(): string {
  return (createRequire(import.meta.url)('../package.json') as { version: string }).version;
}

async function createApp(front: HttpFront, root: DynamicModule, host: ServiceHost): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_BYTES_MAX,
    return503OnClosing: false,
    frameworkErrors: (error: Error, _request: unknown, reply: object) => {
      const { body } = errorResponse(error);
      (reply as Reply).status(body.statusCode).send(body);
    },
    serverFactory: (handler: RequestListener) => {
      front.attach(handler);
      return front.server;
    },
  });
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, { logger: new NestLogger(host.logger), abortOnError: false });
  app.useGlobalFilters(new AppErrorFilter(host.logger));
  // Closing the adapter is where Nest stops serving: after the leave of the application, before its connections close.
  adapter.getInstance().addHook('preClose', () => front.close());
  return app;
}

/** The service answers while its subscriptions are still being made, and says that it is not ready. */
async function startMessageHandlers(app: NestFastifyApplication, health: HealthRegistry): Promise<void> {
  if (app.getMicroservices().length === 0) return;
  health.register('subscriptions', () => ({ ok: false, detail: 'still being made' }));
  await app.startAllMicroservices();
  health.register('subscriptions', () => ({ ok: true }));
}

async function closeService(parts: { app: NestFastifyApplication; front: HttpFront; health: HealthRegistry }): Promise<void> {
  parts.health.enter('draining');
  parts.front.drain();
  await parts.app.close();
  await parts.front.close();
}
