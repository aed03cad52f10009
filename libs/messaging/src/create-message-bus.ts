/** Chooses the adapter by the URL. The Kafka client is loaded only where Kafka is used. */
import type { MessageBus } from '@muster/contracts';
import { EmbeddedBus } from './embedded/embedded-bus.js';
import { KafkaBus } from './kafka/kafka-bus.js';
import type { MessageBusOptions } from './shared/options.js';

/** What a bus URL means. */
export type BusAddress = { readonly kind: 'embedded'; readonly socketPath: string } | { readonly kind: 'kafka'; readonly brokers: readonly string[] };

/** Reads `embedded:/path/of/the.sock` or `kafka://host:port,host:port`. */
export function parseBusUrl(url: string): BusAddress {
  if (url.startsWith('embedded:')) {
    const socketPath = url.slice('embedded:'.length);
    if (!socketPath.startsWith('/')) throw new RangeError(`bus url '${url}' must name the socket by its absolute path: embedded:/path/to/bus.sock`);
    return { kind: 'embedded', socketPath };
  }
  const brokers = url.startsWith('kafka://') ? url.slice('kafka://'.length).split(',') : [];
  if (brokers.length > 0 && brokers.every((broker) => /^[^\s:/]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/.test(broker))) return { kind: 'kafka', brokers };
  throw new RangeError(`bus url '${url}' is neither embedded:/path/to/bus.sock nor kafka://host:port,host:port`);
}

/** Returns at once and connects behind the scenes; `status()` tells how that goes. */
export function createMessageBus(url: string, options: MessageBusOptions): MessageBus {
  const address = parseBusUrl(url);
  switch (address.kind) {
    case 'embedded':
      return new EmbeddedBus(address.socketPath, options);
    case 'kafka':
      return new KafkaBus(address.brokers, options);
  }
}
