/** The Kafka adapter when brokers are away, silent, or not brokers at all. The parts that need a real broker run with KAFKA_BROKERS. */
import { randomUUID } from 'node:crypto';
import { type AddressInfo, connect as connectSocket, createServer, type Server, type Socket } from 'node:net';
import type { MessageBus, TopicSpec } from '@muster/contracts';
import { eventually, failureOf, freePort, until } from '@muster/testing';
import { createMessageBus } from '../src/index.js';

const text = (value: string): Uint8Array => Buffer.from(value);
const [realBroker] = (process.env['KAFKA_BROKERS'] ?? '').split(',');

class FakeServer {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(onSocket: (socket: Socket) => void) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      onSocket(socket);
    });
  }

  listen(port = 0): Promise<number> {
    return new Promise((resolve) => {
      this.#server.listen(port, '127.0.0.1', () => resolve((this.#server.address() as AddressInfo).port));
    });
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}

describe('a bus on Kafka', () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  let opened: MessageBus[] = [];
  const connect = (port: number, requestTimeoutMs: number): MessageBus => {
    const bus = createMessageBus(`kafka://127.0.0.1:${port}`, { clientId: 'test', requestTimeoutMs, retryPauseMsMin: 5 });
    opened.push(bus);
    return bus;
  };

  beforeAll(() => process.on('unhandledRejection', note));
  afterEach(async () => {
    await Promise.all(opened.map((bus) => bus.close()));
    opened = [];
    if (unhandled.length > 0) throw new Error(`unhandled rejections: ${unhandled.map(String).join('; ')}`);
  });
  afterAll(() => process.off('unhandledRejection', note));

  it('says that no broker is there, refuses at once, and closes without delay', async () => {
    const port = await freePort();
    const bus = connect(port, 1500);
    expect(bus.status().state).toBe('connecting');
    const reader = await bus.subscribe({ topics: ['t'], group: 'g', from: 'earliest', onBatch: () => Promise.resolve() });
    expect(await failureOf(bus.publish('t', [{ key: 'k', value: text('x') }]))).toMatchObject({ code: 'BUS_DOWN', retriable: true });
    await until('it is down', () => bus.status().state === 'down');
    await eventually('it says why', () => bus.status().detail, (detail) => detail.includes('ECONNREFUSED'));
    const patient = connect(port, 30_000);
    await until('the patient one knows as well', () => patient.status().state === 'down');
    const startMs = performance.now();
    await failureOf(patient.publish('t', [{ key: 'k', value: text('x') }]));
    expect(performance.now() - startMs).toBeLessThan(15_000);
    expect(await failureOf(bus.ensureTopics([]))).toMatchObject({ code: 'BUS_DOWN', retriable: true });
    expect(reader.assigned()).toEqual([]);
    expect(reader.lag()).toBeNull();
  });

  it('does not hang on a server that takes everything and says nothing', async () => {
    const silent = new FakeServer((socket) => socket.resume());
    const bus = connect(await silent.listen(), 800);
    const startMs = performance.now();
    expect(await failureOf(bus.publish('t', [{ key: 'k', value: text('x') }]))).toMatchObject({ code: 'BUS_DOWN', retriable: true });
    // By default it would be 10 s.
    expect(performance.now() - startMs).toBeLessThan(9000);
    await until('it is down', () => bus.status().state === 'down');
    await silent.close();
  });

  it('survives a server that is no broker', async () => {
    const web = new FakeServer((socket) => socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')));
    const bus = connect(await web.listen(), 800);
    expect(await failureOf(bus.publish('t', [{ key: 'k', value: text('x') }]))).toMatchObject({ code: 'BUS_DOWN' });
    await until('it is down', () => bus.status().state === 'down');
    await web.close();
  });

  const withBroker = realBroker === undefined || realBroker === '' ? it.skip : it;

  withBroker('recovers by itself when Kafka comes after it', async () => {
    const port = await freePort();
    const bus = connect(port, 5000);
    const topic: TopicSpec = { name: `late-${randomUUID()}`, partitionCount: 2, cleanup: 'delete', retentionMs: 3_600_000 };
    const seen: string[] = [];
    const reader = await bus.subscribe({ topics: [topic.name], group: randomUUID(), from: 'earliest', onBatch: (batch) => Promise.resolve(void seen.push(...batch.records.map((record) => Buffer.from(record.value ?? []).toString()))) });
    await until('it is down', () => bus.status().state === 'down');
    const [host = '', realPort = ''] = (realBroker ?? '').split(':');
    const door = new FakeServer((socket) => {
      const upstream = connectSocket(Number(realPort), host);
      upstream.on('error', () => socket.destroy()).on('close', () => socket.destroy());
      socket.on('close', () => upstream.destroy());
      socket.pipe(upstream).pipe(socket);
    });
    await door.listen(port);
    await until('it is up', () => bus.status().state === 'up');
    await bus.ensureTopics([topic]);
    await bus.publish(topic.name, [{ key: 'k', value: text('first') }]);
    await reader.ready;
    await until('the record is read', () => seen.length === 1);
    await bus.close();
    await door.close();
  });
});
