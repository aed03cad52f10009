/** The embedded bus when its broker dies, hangs, or is not there yet. */
import type { MessageBus, RecordBatch, TopicSpec } from '@muster/contracts';
import { failureOf, until } from '@muster/testing';
import { createMessageBus } from '../src/index.js';
import { BrokerProcess } from '../testing/broker-process.js';

const TOPIC: TopicSpec = { name: 'durable', partitionCount: 3, cleanup: 'delete', retentionMs: 3_600_000 };
/** How long a call waits whose refusal is to come at once: a stalled machine takes less. */
const REQUEST_MS_MAX = 30_000;
const text = (value: string): Uint8Array => Buffer.from(value);

const includesAll = (seen: readonly string[], wanted: readonly string[]): boolean => {
  const all = new Set(seen);
  return wanted.every((value) => all.has(value));
};

describe('an embedded broker in a process of its own', () => {
  let broker: BrokerProcess;
  const opened: MessageBus[] = [];
  const connect = (requestTimeoutMs = 5000): MessageBus => {
    const bus = createMessageBus(broker.url, { clientId: 'test', requestTimeoutMs, retryPauseMsMin: 5, retryPauseMsMax: 50 });
    opened.push(bus);
    return bus;
  };
  const collect = async (bus: MessageBus, seen: string[], group = 'readers') =>
    bus.subscribe({ topics: [TOPIC.name], group, from: 'earliest', onBatch: (batch: RecordBatch) => Promise.resolve(void seen.push(...batch.records.map((record) => Buffer.from(record.value ?? []).toString()))) });

  beforeEach(() => {
    broker = new BrokerProcess();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((bus) => bus.close()));
    await broker.remove();
  });

  it('keeps every acknowledged record and offset through kill -9, again and again', async () => {
    await broker.start();
    const bus = connect();
    await bus.ensureTopics([TOPIC]);
    const seen: string[] = [];
    await (await collect(bus, seen)).ready;
    const acknowledged: string[] = [];
    for (const round of [1, 2, 3]) {
      let isKilled = false;
      const publishing = (async () => {
        for (let n = 0; !isKilled; n++) {
          const value = `${round}-${n}`;
          const sent = bus.publish(TOPIC.name, [{ key: `k${n % 10}`, value: text(value) }]).then(
            () => acknowledged.push(value),
            // A refusal comes at once: without a turn of the loop here, the news that the broker has ended never would.
            () => new Promise<void>((resolve) => setImmediate(resolve)),
          );
          if (n % 50 === 0) await sent;
        }
      })();
      const enough = acknowledged.length + 500;
      await until('records were acknowledged', () => acknowledged.length > enough);
      await broker.kill();
      isKilled = true;
      await publishing;
      await broker.start();
      await until('the client is back', () => bus.status().state === 'up');
    }
    await until('the reader has every acknowledged record', () => includesAll(seen, acknowledged));
    const again: string[] = [];
    const fresh = await collect(connect(), again, 'others');
    await until('a new group has them too', () => fresh.lag() === 0 && includesAll(again, acknowledged));
    expect(new Set(again).size).toBe(again.length);
  });

  it('refuses to publish at once while the broker is away, and goes on with the same objects when it is back', async () => {
    await broker.start();
    const bus = connect(REQUEST_MS_MAX);
    await bus.ensureTopics([TOPIC]);
    const seen: string[] = [];
    const reader = await collect(bus, seen);
    await reader.ready;
    await bus.publish(TOPIC.name, [{ key: 'k', value: text('before') }]);
    await until('it is read', () => seen.length === 1);
    await broker.kill();
    await until('the client knows', () => bus.status().state === 'down');
    expect(bus.status().detail).not.toBe('');
    const startMs = performance.now();
    expect(await failureOf(bus.publish(TOPIC.name, [{ key: 'k', value: text('lost') }]))).toMatchObject({ code: 'BUS_DOWN', retriable: true });
    expect(performance.now() - startMs).toBeLessThan(REQUEST_MS_MAX / 2);
    expect(reader.assigned()).toEqual([]);
    await broker.start();
    await until('the client is back', () => bus.status().state === 'up');
    await bus.publish(TOPIC.name, [{ key: 'k', value: text('after') }]);
    await until('reading goes on', () => seen.includes('after'));
    // At least once: the broker may have died between the handler and its commit.
    expect([...new Set(seen)]).toEqual(['before', 'after']);
  });

  it('may start after its clients', async () => {
    const bus = connect();
    const seen: string[] = [];
    const reader = await collect(bus, seen);
    expect(await failureOf(bus.publish(TOPIC.name, [{ key: 'k', value: text('x') }]))).toMatchObject({ code: 'BUS_DOWN' });
    expect(await failureOf(bus.ensureTopics([TOPIC]))).toMatchObject({ code: 'BUS_DOWN', retriable: true });
    await broker.start();
    await until('the client is there', () => bus.status().state === 'up');
    await bus.ensureTopics([TOPIC]);
    await reader.ready;
    await bus.publish(TOPIC.name, [{ key: 'k', value: text('first') }]);
    await until('it is read', () => seen.length === 1);
  });

  it('is given up when it hangs, and taken back when it wakes', async () => {
    await broker.start();
    // Patient with what the disk takes; the one under test gives up soon.
    await connect().ensureTopics([TOPIC]);
    const bus = connect(500);
    await until('the bus is up', () => bus.status().state === 'up');
    broker.signal('SIGSTOP');
    expect(await failureOf(bus.publish(TOPIC.name, [{ key: 'k', value: text('x') }]))).toMatchObject({ code: expect.stringMatching(/BUS_TIMEOUT|BUS_DOWN/) as string, retriable: true });
    await until('the bus is down', () => bus.status().state === 'down');
    broker.signal('SIGCONT');
    await until('the bus is up, and takes records', () => bus.publish(TOPIC.name, [{ key: 'k', value: text('y') }]).then(() => bus.status().state === 'up', () => false));
  });
});
