/** Brings topics to the wanted shape when they are missing, and says so when they exist with another one. */
import { BusError, type TopicSpec } from '@muster/contracts';
import type { Admin } from 'kafkajs';
import { Signal } from '../shared/signal.js';
import { rootFault } from './kafka-errors.js';
import type { KafkaLink } from './kafka-link.js';

const POLL_MS = 50;

export async function ensureKafkaTopics(link: KafkaLink, topics: readonly TopicSpec[]): Promise<void> {
  if (topics.length === 0) return;
  const names = topics.map((topic) => topic.name);
  const existing = new Set(await link.withAdmin('listing topics', (admin) => admin.listTopics()));
  const missing = topics.filter((topic) => !existing.has(topic.name));
  if (missing.length > 0) await link.withAdmin(`creating ${missing.map((topic) => topic.name).join(', ')}`, (admin) => create(admin, missing));
  const counts = await partitionCounts(link, names);
  const cleanups = await cleanupPolicies(link, names);
  for (const topic of topics) {
    const [count, cleanup] = [counts.get(topic.name), cleanups.get(topic.name)];
    if (count === topic.partitionCount && cleanup === topic.cleanup) continue;
    throw new BusError('BUS_TOPIC_SHAPE', false, `topic '${topic.name}' has ${count} partitions with cleanup ${cleanup}, wanted are ${topic.partitionCount} with ${topic.cleanup}: change it by hand, or use another name`);
  }
}

async function create(admin: Admin, missing: readonly TopicSpec[]): Promise<void> {
  try {
    // Waiting for leaders is done below: the library's own wait fails on topics that were created.
    await admin.createTopics({
      waitForLeaders: false,
      topics: missing.map((topic) => ({
        topic: topic.name,
        numPartitions: topic.partitionCount,
        // As the brokers are configured: one on a laptop, three in production.
        replicationFactor: -1,
        configEntries: [{ name: 'cleanup.policy', value: topic.cleanup }, ...(topic.retentionMs === null ? [] : [{ name: 'retention.ms', value: String(topic.retentionMs) }])],
      })),
    });
  } catch (error) {
    // Another process was faster; the shape is compared afterwards anyway.
    if (!errorsOf(error).every((fault) => rootFault(fault).type === 'TOPIC_ALREADY_EXISTS')) throw errorsOf(error).find((fault) => rootFault(fault).type !== 'TOPIC_ALREADY_EXISTS');
  }
}

const errorsOf = (error: unknown): readonly unknown[] => {
  const several = (error as { errors?: unknown }).errors;
  return Array.isArray(several) && several.length > 0 ? several : [error];
};

/** Waits until every partition of every topic has a leader. */
async function partitionCounts(link: KafkaLink, names: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const dueMs = performance.now() + link.settings.requestTimeoutMs;
  for (;;) {
    const counts = await link.withAdmin('reading the shape of topics', (admin) => readyCounts(admin, names));
    if (counts !== null) return counts;
    if (performance.now() > dueMs) throw new BusError('BUS_TIMEOUT', true, `topics ${names.join(', ')} have no leader after ${link.settings.requestTimeoutMs} ms`);
    await new Signal().wait(POLL_MS);
  }
}

/** Partitions of each topic, or null while one of them cannot be used yet. */
async function readyCounts(admin: Admin, names: readonly string[]): Promise<ReadonlyMap<string, number> | null> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [...names] });
    const isReady = topics.length >= names.length && topics.every((topic) => topic.partitions.length > 0 && topic.partitions.every((partition) => partition.leader >= 0));
    return isReady ? new Map(topics.map((topic) => [topic.name, topic.partitions.length])) : null;
  } catch (error) {
    if (['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE'].includes(rootFault(error).type ?? '')) return null;
    throw error;
  }
}

async function cleanupPolicies(link: KafkaLink, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { ConfigResourceTypes } = await link.library();
  const { resources } = await link.withAdmin('reading the cleanup of topics', (admin) =>
    admin.describeConfigs({ includeSynonyms: false, resources: names.map((name) => ({ type: ConfigResourceTypes.TOPIC, name, configNames: ['cleanup.policy'] })) }),
  );
  return new Map(resources.map((resource) => [resource.resourceName, resource.configEntries.find((entry) => entry.configName === 'cleanup.policy')?.configValue ?? 'unknown']));
}
