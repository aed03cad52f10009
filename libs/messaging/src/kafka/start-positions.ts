/**
 * Where reading begins in newly assigned partitions: what the handler's store says, else what the group committed, else the
 * beginning or the end. Every partition gets a definite offset, so that nothing depends on when the first fetch happens.
 */
import { partitionKey, type SubscribeOptions, type TopicPartition } from '@muster/contracts';
import type { KafkaLink } from './kafka-link.js';

export interface StartPosition extends TopicPartition {
  readonly position: bigint;
  readonly high: bigint;
  /** The group had committed nothing: where it starts was just decided. */
  readonly isFirst: boolean;
}

type Ends = ReadonlyMap<string, { readonly low: bigint; readonly high: bigint }>;

export async function startPositions(link: KafkaLink, options: SubscribeOptions, assigned: readonly TopicPartition[]): Promise<StartPosition[]> {
  const topics = [...new Set(assigned.map((at) => at.topic))];
  const known = typeof options.positions === 'function' ? await options.positions(assigned) : await committedOffsets(link, options.group, topics);
  const ends = await topicEnds(link, topics);
  return assigned.map((at) => {
    const { low, high } = ends.get(partitionKey(at)) ?? { low: 0n, high: 0n };
    const stored = known.get(partitionKey(at));
    if (stored !== undefined && stored > high) {
      link.settings.logger.warn({ ...at, position: String(stored), high: String(high) }, `a position lies beyond the end of its partition: reading goes on from the ${options.from}`);
    }
    const isUsable = stored !== undefined && stored <= high;
    const position = isUsable ? stored : options.from === 'earliest' ? low : high;
    return { topic: at.topic, partition: at.partition, position: position < low ? low : position, high, isFirst: stored === undefined };
  });
}

/** First and next offset of every partition of the topics. */
export async function topicEnds(link: KafkaLink, topics: readonly string[]): Promise<Ends> {
  const ends = new Map<string, { low: bigint; high: bigint }>();
  for (const topic of topics) {
    const partitions = await link.withAdmin(`reading the ends of '${topic}'`, (admin) => admin.fetchTopicOffsets(topic));
    for (const { partition, low, high } of partitions) ends.set(partitionKey({ topic, partition }), { low: BigInt(low), high: BigInt(high) });
  }
  return ends;
}

async function committedOffsets(link: KafkaLink, group: string, topics: readonly string[]): Promise<ReadonlyMap<string, bigint>> {
  const found = await link.withAdmin(`reading what '${group}' committed`, (admin) => admin.fetchOffsets({ groupId: group, topics: [...topics] }));
  // A group that committed nothing has offset -1.
  return new Map(found.flatMap(({ topic, partitions }) => partitions.filter(({ offset }) => BigInt(offset) >= 0n).map(({ partition, offset }) => [partitionKey({ topic, partition }), BigInt(offset)] as const)));
}
