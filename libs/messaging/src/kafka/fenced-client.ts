/**
 * A Kafka client that can be cut off for good.
 *
 * The client library goes on retrying after its caller gave up, and would write old records behind newer ones. After `retire`
 * its sockets are gone and it gets no new ones, so nothing it still tries can leave the process.
 */
import { connect as connectTcp, Socket } from 'node:net';
import type { Kafka, KafkaConfig, logCreator } from 'kafkajs';
import type { Logger } from '@muster/contracts';

export type KafkaLibrary = typeof import('kafkajs');

export interface FencedClient {
  readonly kafka: Kafka;
  retire(): void;
}

const KEEP_ALIVE_MS = 30_000;
const LISTENERS_MAX = 256;

export function fencedClient(library: KafkaLibrary, config: Omit<KafkaConfig, 'socketFactory' | 'logCreator'>, logger: Logger): FencedClient {
  const sockets = new Set<Socket>();
  let isRetired = false;
  const kafka = new library.Kafka({
    ...config,
    logLevel: library.logLevel.WARN,
    logCreator: logsTo(logger),
    socketFactory: ({ host, port, onConnect }) => {
      if (isRetired) return deadSocket();
      const socket = connectTcp({ host, port }, onConnect);
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      // Requests that wait for the connection listen for it, one each.
      socket.setMaxListeners(LISTENERS_MAX);
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      return socket;
    },
  });
  return {
    kafka,
    retire: () => {
      isRetired = true;
      // With an error: the library cleans up after errors only, and would keep its timers after a silent end.
      for (const socket of sockets) socket.destroy(retired());
    },
  };
}

const retired = (): Error => new Error('this client was retired');

function deadSocket(): Socket {
  const socket = new Socket();
  process.nextTick(() => socket.destroy(retired()));
  return socket;
}

/** The library calls states errors from which it recovers by itself; what matters reaches the caller as an exception. */
function logsTo(logger: Logger): logCreator {
  return () =>
    ({ namespace, log }) => {
      const { message, timestamp: _, logger: __, stack: ___, ...facts } = log;
      logger.debug({ ...facts, namespace }, `kafka client: ${message}`);
    };
}
