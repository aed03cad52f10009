/** The partitions a consumer holds, and where it stands in each. Bookkeeping only. */
import { partitionKey, type TopicPartition } from '@muster/contracts';

export interface HeldPartition extends TopicPartition {
  /** Next offset to handle; null until it was asked for. */
  position: bigint | null;
  high: bigint;
  /** It was taken away, or may have been. */
  isGone: boolean;
}

export class HeldPartitions {
  #held = new Map<string, HeldPartition>();

  /** Replaces everything; what was held before is gone, even if it is assigned again. */
  assign(assignment: Readonly<Record<string, readonly number[]>>): readonly HeldPartition[] {
    this.drop();
    for (const [topic, partitions] of Object.entries(assignment)) {
      for (const partition of partitions) this.#held.set(partitionKey({ topic, partition }), { topic, partition, position: null, high: 0n, isGone: false });
    }
    return this.all();
  }

  drop(): void {
    for (const held of this.#held.values()) held.isGone = true;
    this.#held = new Map();
  }

  get(at: TopicPartition): HeldPartition | undefined {
    return this.#held.get(partitionKey(at));
  }

  all(): HeldPartition[] {
    return [...this.#held.values()];
  }

  topics(): string[] {
    return [...new Set(this.all().map((held) => held.topic))];
  }

  /** Records between position and end; null while no position is known. */
  lag(): number | null {
    const known = this.all().filter((held) => held.position !== null);
    if (known.length === 0) return null;
    return known.reduce((sum, { high, position }) => sum + Math.max(0, Number(high - (position ?? high))), 0);
  }
}

/** As the client library wants it: partitions by topic. */
export function byTopic(partitions: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of partitions) topics.set(topic, [...(topics.get(topic) ?? []), partition]);
  return [...topics].map(([topic, numbers]) => ({ topic, partitions: numbers }));
}
