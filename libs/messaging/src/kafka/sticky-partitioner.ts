/**
 * Kafka's own partitioner, which moreover puts a record without a key into the same partition when it is sent again.
 *
 * The library asks anew at each retry; another answer would send the record twice and confuse the sequence numbers.
 */
import type { ICustomPartitioner, Message } from 'kafkajs';
import type { KafkaLibrary } from './fenced-client.js';

export function stickyPartitioner(library: KafkaLibrary): ICustomPartitioner {
  return () => {
    const choose = library.Partitioners.DefaultPartitioner();
    const chosen = new WeakMap<Message, number>();
    return (args) => {
      if (args.message.key !== null && args.message.key !== undefined) return choose(args);
      const partition = chosen.get(args.message) ?? choose(args);
      chosen.set(args.message, partition);
      return partition;
    };
  };
}
