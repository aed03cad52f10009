/**
 * Kafka as a local process: one node that is broker and controller (KRaft), on free ports, with its data in a temporary folder.
 *
 * Made for tests: starts fast and forgets everything. It is not a model of how to run Kafka in production.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@muster/testing';
import { becomesTrue } from './deadline.js';
import type { PlaceAnswer, SearchOptions } from './found-server.js';
import { kafkaJars } from './kafka-jars.js';
import { OwnedProcess, programIn } from './owned-process.js';
import { whyNotServing } from './serving.js';

const JAVA_MAJOR_MIN = 17;
const FORMAT_WITHIN_MS = 60_000;
const START_WITHIN_MS = 90_000;
/** A port may be taken between the moment it was found free and the broker's start. */
const START_TRIES = 3;
/** Tests want a quick start more than peak speed. */
const JVM = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Djava.awt.headless=true'];

interface Broker {
  readonly java: string;
  readonly jars: string;
  readonly env: SearchOptions['env'];
  readonly folder: string;
}

export async function startLocalKafka(options: SearchOptions): Promise<PlaceAnswer> {
  const java = await usableJava(options);
  if ('reason' in java) return java;
  const jars = await kafkaJars(options);
  if ('reason' in jars) return jars;
  const folder = await mkdtemp(join(tmpdir(), 'muster-kafka-'));
  const broker: Broker = { java: java.program, jars: jars.folder, env: options.env, folder };
  let answer: PlaceAnswer = { reason: 'not tried' };
  for (let tries = 0; tries < START_TRIES && 'reason' in answer; tries++) answer = await start(broker, join(folder, `data-${tries}`));
  if ('reason' in answer) await rm(folder, { recursive: true, force: true });
  return answer;
}

async function usableJava({ env }: SearchOptions): Promise<{ readonly program: string } | { readonly reason: string }> {
  const home = env['JAVA_HOME'];
  const program = programIn('java', env, home === undefined ? [] : [join(home, 'bin')]);
  const remedy = `Kafka needs Java ${JAVA_MAJOR_MIN} or later (Debian: apt-get install default-jre-headless)`;
  if (program === null) return { reason: `no java on the PATH; ${remedy}` };
  const run = new OwnedProcess(program, ['-version'], { env });
  await run.succeeds(60_000);
  const major = Number(/version "(\d+)/.exec(run.report())?.[1] ?? 0);
  return major >= JAVA_MAJOR_MIN ? { program } : { reason: `${program} is Java ${major}; ${remedy}` };
}

async function start(broker: Broker, data: string): Promise<PlaceAnswer> {
  const port = await freePort();
  const settings = join(broker.folder, 'server.properties');
  await writeFile(settings, properties(data, port, await freePort()));
  await writeFile(join(broker.folder, 'log4j2.properties'), LOGGING);
  const format = java(broker, '128m', 'kafka.tools.StorageTool', ['format', '--cluster-id', randomBytes(16).toString('base64url'), '--config', settings]);
  if (!(await format.succeeds(FORMAT_WITHIN_MS))) return { reason: `formatting Kafka's storage failed: ${format.report()}` };
  const server = java(broker, '384m', 'kafka.Kafka', [settings]);
  const url = `127.0.0.1:${port}`;
  const isUp = await becomesTrue(async () => (await whyNotServing('kafka', url, 1_000)) === null, START_WITHIN_MS, () => server.hasEnded);
  if (!isUp) {
    await server.end('SIGKILL', 0);
    return { reason: `Kafka did not serve within ${START_WITHIN_MS} ms: ${server.report()}` };
  }
  const stop = async () => {
    // Its data goes too, so there is nothing to shut down in order.
    await server.end('SIGKILL', 1_000);
    await rm(broker.folder, { recursive: true, force: true });
  };
  return { url, detail: `Kafka of ${broker.jars}, pid ${server.pid}`, stop };
}

function java({ java: program, jars, env, folder }: Broker, heap: string, main: string, args: readonly string[]): OwnedProcess {
  const logging = `-Dlog4j2.configurationFile=${join(folder, 'log4j2.properties')}`;
  return new OwnedProcess(program, [`-Xmx${heap}`, ...JVM, logging, '-cp', join(jars, '*'), main, ...args], { cwd: folder, env });
}

function properties(data: string, port: number, controllerPort: number): string {
  return Object.entries({
    'node.id': 1,
    'process.roles': 'broker,controller',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': data,
    'auto.create.topics.enable': false,
    'group.initial.rebalance.delay.ms': 0,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'log.cleaner.dedupe.buffer.size': 16_777_216,
    'log.cleaner.threads': 1,
  })
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

const LOGGING = `status=warn
appender.out.type=Console
appender.out.name=OUT
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=%p %m (%c{1})%n
rootLogger.level=warn
rootLogger.appenderRef.out.ref=OUT
`;
