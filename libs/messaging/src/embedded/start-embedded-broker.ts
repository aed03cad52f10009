/** Opens the socket of the embedded bus and keeps its broker's clock. What requests mean is the broker's business. */
import { chmodSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { dirname } from 'node:path';
import { Broker } from './broker.js';
import { BrokerConnection } from './broker-connection.js';
import { brokerSettings, type BrokerSettings, type EmbeddedBrokerOptions } from './broker-options.js';
import { socketAddress } from './socket-address.js';

export interface EmbeddedBroker {
  /** Stops listening, cuts clients off, closes the file. */
  close(): Promise<void>;
}

const TICK_MS = 500;

export async function startEmbeddedBroker(options: EmbeddedBrokerOptions): Promise<EmbeddedBroker> {
  const settings = brokerSettings(options);
  const address = socketAddress(settings.socketPath);
  mkdirSync(dirname(address), { recursive: true });
  if (settings.dataFile !== ':memory:') mkdirSync(dirname(settings.dataFile), { recursive: true });
  await removeStaleSocket(address);
  const broker = openBroker(settings);
  const connections = new Set<BrokerConnection>();
  const server = createServer({ noDelay: true }, (socket) => {
    if (connections.size >= settings.connectionsMax) {
      settings.logger.warn({ connectionsMax: settings.connectionsMax }, 'the bus has as many clients as it takes, one more was turned away');
      socket.destroy();
      return;
    }
    const connection = new BrokerConnection(socket, settings, broker.serve, (closed) => {
      connections.delete(closed);
      broker.disconnected(closed);
    });
    connections.add(connection);
  });
  try {
    await listen(server, address);
  } catch (error) {
    broker.close();
    throw error;
  }
  const stopClock = startClock(settings, broker, connections);
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    stopClock();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const connection of connections) connection.destroy();
    await closed;
    broker.close();
  };
  return { close: () => (closing ??= close()) };
}

function openBroker(settings: BrokerSettings): Broker {
  try {
    return new Broker(settings);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const remedy = /locked|busy/.test(why) ? ' (is another broker running on it?)' : '';
    throw new Error(`the embedded bus cannot open ${settings.dataFile}: ${why}${remedy}`, { cause: error });
  }
}

/** A socket file whose broker was killed refuses connections; one that answers belongs to somebody. */
async function removeStaleSocket(address: string): Promise<void> {
  if (!existsSync(address)) return;
  const isTaken = await new Promise<boolean>((resolve) => {
    const probe = connect(address);
    probe.once('connect', () => resolve(true)).once('error', () => resolve(false));
    probe.once('connect', () => probe.destroy());
  });
  if (isTaken) throw new Error(`another broker already listens on ${address}: stop it, or choose another socket path`);
  rmSync(address, { force: true });
}

function listen(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      // Whoever may write to the socket may write to every topic: the owner only.
      chmodSync(address, 0o600);
      resolve();
    });
  });
}

function startClock(settings: BrokerSettings, broker: Broker, connections: ReadonlySet<BrokerConnection>): () => void {
  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      settings.logger.error({ error: String(error) }, 'the embedded bus could not do its housekeeping, it tries again');
    }
  };
  let lastTickMs = performance.now();
  const tick = setInterval(() => {
    const nowMs = performance.now();
    const wasPaused = nowMs - lastTickMs > 4 * TICK_MS;
    lastTickMs = nowMs;
    for (const connection of connections) {
      // After a pause of our own, nobody could have been heard.
      if (wasPaused) connection.lastHeardMs = nowMs;
      else if (nowMs - connection.lastHeardMs > settings.sessionTimeoutMs) connection.destroy();
    }
    guarded(() => broker.tick());
  }, TICK_MS);
  let housekeeping: NodeJS.Timeout;
  const keepHouse = (): void => {
    let more = false;
    guarded(() => {
      more = broker.forget();
    });
    housekeeping = setTimeout(keepHouse, more ? 20 : settings.housekeepingMs);
  };
  housekeeping = setTimeout(keepHouse, settings.housekeepingMs);
  return () => {
    clearInterval(tick);
    clearTimeout(housekeeping);
  };
}
