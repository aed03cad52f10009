/**
 * A server in a container, through testcontainers; only where a Docker engine answers quickly.
 *
 * The images are those of the compose file, so that tests meet the versions that users run.
 */
import { request } from 'node:http';
import { freePort } from '@muster/testing';
import type { StartedTestContainer, TestContainer } from 'testcontainers';
import { becomesTrue, within } from './deadline.js';
import type { PlaceAnswer, SearchOptions, ServerKind } from './found-server.js';
import { KAFKA_VERSION } from './kafka-jars.js';
import { messageOf } from './message-of.js';
import { whyNotServing } from './serving.js';

export const IMAGES: Readonly<Record<ServerKind, string>> = { kafka: `apache/kafka:${KAFKA_VERSION}`, postgres: 'postgres:17-alpine', redis: 'redis:8-alpine' };

const ENGINE_WITHIN_MS = 5_000;
/** With time to fetch the image. */
const START_WITHIN_MS = 150_000;
const SERVE_WITHIN_MS = 30_000;

interface Recipe {
  readonly container: TestContainer;
  readonly url: (started: StartedTestContainer) => string;
}

type Testcontainers = typeof import('testcontainers');

const RECIPES: Readonly<Record<ServerKind, (testcontainers: Testcontainers) => Promise<Recipe>>> = { kafka, postgres, redis };

export async function fromDocker(kind: ServerKind, options: SearchOptions): Promise<PlaceAnswer> {
  const why = await whyNoEngine(options.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock');
  if (why !== null) return { reason: why };
  options.onProgress?.(`starting ${IMAGES[kind]} in Docker`);
  const { container, url } = await RECIPES[kind](await import('testcontainers'));
  const stop = (started: StartedTestContainer) => started.stop({ timeout: 0 }).then(() => {});
  const complaint = `${IMAGES[kind]} did not start within ${START_WITHIN_MS} ms`;
  const started = await within(container.start(), START_WITHIN_MS, complaint, (late) => void stop(late).catch(() => {}));
  await becomesTrue(async () => (await whyNotServing(kind, url(started), 1_000)) === null, SERVE_WITHIN_MS);
  const reason = await whyNotServing(kind, url(started), 5_000);
  if (reason === null) return { url: url(started), detail: `container ${started.getId().slice(0, 12)} of ${IMAGES[kind]}`, stop: () => stop(started) };
  await stop(started);
  return { reason: `${IMAGES[kind]} started but does not serve: ${reason}` };
}

function whyNoEngine(host: string): Promise<string | null> {
  const url = new URL(host);
  const target = url.protocol === 'unix:' ? { socketPath: url.pathname } : { host: url.hostname, port: url.port };
  return new Promise((resolve) => {
    const ping = request({ ...target, path: '/_ping', timeout: ENGINE_WITHIN_MS }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200 ? null : `the Docker engine at ${host} answers ${answer.statusCode}`);
    });
    ping.once('timeout', () => ping.destroy(new Error(`no answer within ${ENGINE_WITHIN_MS} ms`)));
    ping.once('error', (error) => resolve(`no Docker engine at ${host}: ${messageOf(error)}`));
    ping.end();
  });
}

/** A broker tells clients its own address, so its port must be known before it starts: the same number inside and outside. */
async function kafka({ GenericContainer, Wait, getContainerRuntimeClient }: Testcontainers): Promise<Recipe> {
  const port = await freePort();
  const { host } = (await getContainerRuntimeClient()).info.containerRuntime;
  const container = new GenericContainer(IMAGES.kafka)
    .withExposedPorts({ container: port, host: port })
    .withEnvironment({
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
      KAFKA_LISTENERS: `PLAINTEXT://0.0.0.0:${port},CONTROLLER://localhost:9093`,
      KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://${host}:${port}`,
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
      KAFKA_HEAP_OPTS: '-Xmx384m',
    })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/));
  return { container, url: () => `${host}:${port}` };
}

async function postgres({ GenericContainer, Wait }: Testcontainers): Promise<Recipe> {
  const container = new GenericContainer(IMAGES.postgres)
    .withExposedPorts(5432)
    .withEnvironment({ POSTGRES_PASSWORD: 'muster' })
    .withCommand(['postgres', '-c', 'fsync=off'])
    // It says so twice: the first time is the server that sets up the cluster and listens on its socket only.
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2));
  return { container, url: (started) => `postgres://postgres:muster@${started.getHost()}:${started.getMappedPort(5432)}/postgres` };
}

async function redis({ GenericContainer, Wait }: Testcontainers): Promise<Recipe> {
  const container = new GenericContainer(IMAGES.redis).withExposedPorts(6379).withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/));
  return { container, url: (started) => `redis://${started.getHost()}:${started.getMappedPort(6379)}` };
}
