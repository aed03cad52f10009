/**
 * The class path of a Kafka broker, resolved by Maven once per version into the user's cache folder.
 *
 * Several processes may do it at once: each fills a folder of its own, and the first to rename it wins.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { SearchOptions } from './found-server.js';
import { OwnedProcess, programIn } from './owned-process.js';

/** The broker that the compose file runs, too. */
export const KAFKA_VERSION = '4.1.0';
/** Binds the logging that Kafka ships (slf4j 1.7, log4j 2) so that a broker can say why it did not start. */
const LOG4J_VERSION = '2.24.3';
const SCALA_VERSION = '2.13';
const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
const RESOLVE_WITHIN_MS = 240_000;

export async function kafkaJars(options: SearchOptions): Promise<{ readonly folder: string } | { readonly reason: string }> {
  const cache = join(options.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'muster');
  const folder = join(cache, `kafka-${KAFKA_VERSION}`);
  if (existsSync(folder)) return { folder };
  const maven = programIn('mvn', options.env);
  if (maven === null) return { reason: `Kafka ${KAFKA_VERSION} is not in ${folder} and there is no mvn on the PATH to fetch it (Debian: apt-get install maven)` };
  options.onProgress?.(`fetching Kafka ${KAFKA_VERSION} with Maven into ${folder}, once`);
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, 'fetch-'));
  try {
    return await resolveInto(work, maven, folder, options);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function resolveInto(work: string, maven: string, folder: string, options: SearchOptions) {
  const libs = join(work, 'libs');
  await writeFile(join(work, 'pom.xml'), pom());
  const run = new OwnedProcess(maven, ['-B', '-q', '-f', join(work, 'pom.xml'), PLUGIN, '-DincludeScope=runtime', `-DoutputDirectory=${libs}`], { cwd: work, env: options.env });
  if (!(await run.succeeds(RESOLVE_WITHIN_MS))) return { reason: `Maven could not resolve Kafka ${KAFKA_VERSION}: ${run.report()}` };
  if (!(await readdir(libs)).includes(`kafka_${SCALA_VERSION}-${KAFKA_VERSION}.jar`)) return { reason: `Maven left no broker jar in ${libs}` };
  // Another process may have been first; its folder is as good as ours.
  await rename(libs, folder).catch((error: unknown) => {
    if (!existsSync(folder)) throw error;
  });
  return { folder };
}

function pom(): string {
  const dependency = (group: string, artifact: string, version: string) =>
    `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>muster</groupId><artifactId>test-kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    ${dependency('org.apache.kafka', `kafka_${SCALA_VERSION}`, KAFKA_VERSION)}
    ${dependency('org.apache.logging.log4j', 'log4j-slf4j-impl', LOG4J_VERSION)}
    ${dependency('org.apache.logging.log4j', 'log4j-core', LOG4J_VERSION)}
  </dependencies>
</project>
`;
}
