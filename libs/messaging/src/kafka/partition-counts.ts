/** How many partitions a topic has, asked once in a while. */
import { BusError } from '@muster/contracts';
import { Signal } from '../shared/signal.js';
import { rootFault } from './kafka-errors.js';
import type { KafkaLink } from './kafka-link.js';

/** A topic that was given more partitions is noticed after this long. Milliseconds. */
const KEEP_MS = 300_000;
/** A topic that was just created may not be known to every broker yet: so often, and so long apart, it is asked for. */
const TRIES_MAX = 5;
const TRY_EVERY_MS = 100;

interface Known {
  readonly count: Promise<number>;
  readonly untilMs: number;
}

export class PartitionCounts {
  readonly #known = new Map<string, Known>();

  constructor(private readonly link: KafkaLink) {}

  /** Callers get their answer in the order in which they asked. */
  of(topic: string): Promise<number> {
    const known = this.#known.get(topic);
    if (known !== undefined && known.untilMs > performance.now()) return known.count;
    const count = this.#ask(topic);
    this.#known.set(topic, { count, untilMs: performance.now() + KEEP_MS });
    count.catch(() => this.forget(topic));
    return count;
  }

  forget(topic: string): void {
    this.#known.delete(topic);
  }

  async #ask(topic: string): Promise<number> {
    for (let tries = 1; ; tries++) {
      try {
        const { topics } = await this.link.withAdmin(`reading the shape of '${topic}'`, (admin) => admin.fetchTopicMetadata({ topics: [topic] }));
        const count = topics[0]?.partitions.length ?? 0;
        if (count > 0) return count;
        throw new BusError('BUS_FAILED', false, `topic '${topic}' has no partitions`);
      } catch (error) {
        const isUnknown = rootFault(error).type === 'UNKNOWN_TOPIC_OR_PARTITION';
        if (!isUnknown || tries >= TRIES_MAX) throw error;
      }
      await new Signal().wait(TRY_EVERY_MS);
    }
  }
}
