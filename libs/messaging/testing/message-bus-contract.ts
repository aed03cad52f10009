/** What every `MessageBus` promises, as one suite that runs against each adapter. */
import { randomUUID } from 'node:crypto';
import { type BusRecord, deadLetterTopic, type MessageBus, partitionKey, type RecordBatch, RetryLater, type SubscribeOptions, type Subscription, type TopicSpec } from '@muster/contracts';
import { partitionOf } from '../src/embedded/partitioner.js';
import { DEAD_LETTER_HEADERS, type MessageBusOptions } from '../src/index.js';
import { eventually, failureOf } from './eventually.js';

export interface BusFixture {
  /** A new client of the same bus. */
  connect(options: MessageBusOptions): MessageBus;
  close(): Promise<void>;
}

const text = (value: string): Uint8Array => Buffer.from(value);
const textOf = (record: BusRecord): string => Buffer.from(record.value ?? []).toString();
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

export function messageBusContract(name: string, open: () => Promise<BusFixture>): void {
  describe(`a message bus on ${name}`, () => {
    let fixture: BusFixture;
    let bus: MessageBus;
    const opened: MessageBus[] = [];

    const connect = (options: Partial<MessageBusOptions> = {}): MessageBus => {
      const made = fixture.connect({ clientId: 'contract', retryPauseMsMin: 5, retryPauseMsMax: 50, requestTimeoutMs: 8000, sessionTimeoutMs: 6000, ...options });
      opened.push(made);
      return made;
    };
    const topic = async (partitionCount = 3, shape: Partial<TopicSpec> = {}): Promise<string> => {
      const spec: TopicSpec = { name: `contract-${randomUUID()}`, partitionCount, cleanup: 'delete', retentionMs: 3_600_000, ...shape };
      await bus.ensureTopics([spec]);
      return spec.name;
    };
    const collect = async (on: MessageBus, options: Partial<SubscribeOptions> & Pick<SubscribeOptions, 'topics'>): Promise<Subscription & { readonly seen: string[] }> => {
      const seen: string[] = [];
      const onBatch = (batch: RecordBatch): Promise<void> => {
        seen.push(...batch.records.map(textOf));
        return Promise.resolve();
      };
      const subscription = await on.subscribe({ group: randomUUID(), from: 'earliest', onBatch, ...options });
      await subscription.ready;
      return Object.assign(subscription, { seen });
    };
    const publish = (to: string, values: readonly string[], key: string | null = 'k'): Promise<void> => bus.publish(to, values.map((value) => ({ key, value: text(value) })));

    beforeAll(async () => {
      fixture = await open();
      bus = connect();
    });
    afterAll(async () => {
      await Promise.all(opened.map((it) => it.close()));
      await fixture.close();
    });

    describe('order and places', () => {
      it('keeps the order of a key, also when publish is not awaited', async () => {
        const name = await topic();
        const reader = await collect(bus, { topics: [name] });
        await Promise.all(range(300).map((n) => bus.publish(name, [{ key: `key-${n % 7}`, value: text(`${n % 7}:${n}`) }])));
        await eventually('all records are read', () => reader.seen.length === 300);
        for (const key of range(7)) {
          const order = reader.seen.filter((value) => value.startsWith(`${key}:`)).map((value) => Number(value.split(':')[1]));
          expect(order).toEqual(order.toSorted((a, b) => a - b));
        }
      });

      it("puts a key where Kafka's clients put it, and spreads records without a key", async () => {
        const name = await topic(4);
        const places = new Map<string, number>();
        const keyless = new Set<number>();
        const onBatch = (batch: RecordBatch): Promise<void> => {
          for (const record of batch.records) {
            if (record.key === null) keyless.add(batch.partition);
            else places.set(record.key, batch.partition);
          }
          return Promise.resolve();
        };
        const reader = await bus.subscribe({ topics: [name], group: randomUUID(), from: 'earliest', onBatch });
        const keys = range(40).map((n) => `schlüssel-${n}`);
        await bus.publish(name, keys.map((key) => ({ key, value: text('x') })));
        for (const n of range(20)) await bus.publish(name, [{ key: null, value: text(String(n)) }]);
        await eventually('all keys are read', () => places.size === keys.length && keyless.size > 1);
        expect([...places].filter(([key, partition]) => partition !== partitionOf(key, 4))).toEqual([]);
        await reader.close();
      });

      it('carries bytes, headers, keys and the time unchanged, with growing offsets', async () => {
        const name = await topic(1);
        const records: BusRecord[] = [];
        const reader = await bus.subscribe({
          topics: [name],
          group: randomUUID(),
          from: 'earliest',
          onBatch: (batch) => Promise.resolve(void records.push(...batch.records)),
        });
        const bytes = Uint8Array.from(range(256));
        const before = Date.now();
        await bus.publish(name, [
          { key: 'ключ', value: bytes, headers: { a: '1', 'ü b': '€' } },
          { key: null, value: new Uint8Array() },
        ]);
        await eventually('both are read', () => records.length === 2);
        const [first, second] = records as [BusRecord, BusRecord];
        expect(first.key).toBe('ключ');
        expect(first.headers).toEqual({ a: '1', 'ü b': '€' });
        expect([...(first.value ?? [])]).toEqual([...bytes]);
        expect(Math.abs(first.timestampUnixMs - before)).toBeLessThan(60_000);
        expect({ key: second.key, bytes: second.value?.byteLength, headers: second.headers }).toEqual({ key: null, bytes: 0, headers: {} });
        expect(second.offset > first.offset).toBe(true);
        await reader.close();
      });

      it('hands out no more records at once than it was told', async () => {
        const small = connect({ batchRecordsMax: 10 });
        const name = await topic(1);
        await publish(name, range(95).map(String));
        const sizes: number[] = [];
        const reader = await small.subscribe({ topics: [name], group: randomUUID(), from: 'earliest', onBatch: (batch) => Promise.resolve(void sizes.push(batch.records.length)) });
        await eventually('all are read', () => sizes.reduce((sum, size) => sum + size, 0) === 95);
        expect(Math.max(...sizes)).toBeLessThanOrEqual(10);
        await reader.close();
      });
    });

    describe('groups', () => {
      it('shares the partitions among the members of a group, each record going to one of them', async () => {
        const name = await topic(4);
        const group = randomUUID();
        const [one, two] = [await collect(connect(), { topics: [name], group }), await collect(connect(), { topics: [name], group })];
        await eventually('both have two partitions', () => one.assigned().length === 2 && two.assigned().length === 2);
        const places = new Set([...one.assigned(), ...two.assigned()].map(partitionKey));
        expect(places.size).toBe(4);
        await bus.publish(name, range(200).map((n) => ({ key: `k${n}`, value: text(String(n)) })));
        await eventually('all are read', () => one.seen.length + two.seen.length >= 200);
        expect(new Set([...one.seen, ...two.seen]).size).toBe(200);
        expect(one.seen.length).toBeGreaterThan(0);
        expect(two.seen.length).toBeGreaterThan(0);
        await Promise.all([one.close(), two.close()]);
      });

      it('gives everything to each of several groups', async () => {
        const name = await topic();
        const readers = await Promise.all(range(3).map(() => collect(bus, { topics: [name] })));
        await publish(name, ['a', 'b', 'c']);
        for (const reader of readers) {
          await eventually('the group has all', () => reader.seen.length === 3);
          expect(reader.seen).toEqual(['a', 'b', 'c']);
        }
        await Promise.all(readers.map((reader) => reader.close()));
      });

      it('lets the members that remain take over, after what the one that left had finished', async () => {
        const name = await topic(4);
        const group = randomUUID();
        const [one, two] = [await collect(connect(), { topics: [name], group }), await collect(connect(), { topics: [name], group })];
        await eventually('both have partitions', () => one.assigned().length === 2 && two.assigned().length === 2);
        await bus.publish(name, range(40).map((n) => ({ key: `k${n}`, value: text(`first-${n}`) })));
        await eventually('all are read', () => one.seen.length + two.seen.length >= 40);
        await one.close();
        await eventually('the other has all partitions', () => two.assigned().length === 4);
        await bus.publish(name, range(40).map((n) => ({ key: `k${n}`, value: text(`second-${n}`) })));
        await eventually('the other reads all', () => two.seen.filter((value) => value.startsWith('second')).length === 40);
        expect(one.seen.length + two.seen.length).toBe(80);
        await two.close();
      });

      it('is ready without partitions when a group has more members than partitions', async () => {
        const name = await topic(1);
        const group = randomUUID();
        const one = await collect(connect(), { topics: [name], group });
        const spare = await collect(connect(), { topics: [name], group });
        await eventually('one of them holds the partition', () => one.assigned().length + spare.assigned().length === 1);
        await Promise.all([one.close(), spare.close()]);
      });

      it('resumes after what the group committed', async () => {
        const name = await topic();
        const group = randomUUID();
        const first = await collect(connect(), { topics: [name], group });
        await publish(name, ['a', 'b']);
        await eventually('the first two are read', () => first.seen.length === 2);
        await first.close();
        await publish(name, ['c']);
        const second = await collect(connect(), { topics: [name], group });
        await eventually('the third is read', () => second.seen.length > 0);
        expect(second.seen).toEqual(['c']);
        await second.close();
      });

      it("starts a 'latest' group at the end, and from then on misses nothing", async () => {
        const name = await topic();
        const group = randomUUID();
        await publish(name, ['before']);
        const first = await collect(connect(), { topics: [name], group, from: 'latest' });
        await first.close();
        await publish(name, ['between']);
        const second = await collect(connect(), { topics: [name], group, from: 'latest' });
        await publish(name, ['after']);
        await eventually('both are read', () => second.seen.length === 2);
        expect(second.seen).toEqual(['between', 'after']);
        expect(first.seen).toEqual([]);
        await second.close();
      });

      it('begins when the topic appears, for a subscription that came before it', async () => {
        const name = `contract-${randomUUID()}`;
        const seen: string[] = [];
        const reader = await bus.subscribe({ topics: [name], group: randomUUID(), from: 'earliest', onBatch: (batch) => Promise.resolve(void seen.push(...batch.records.map(textOf))) });
        await bus.ensureTopics([{ name, partitionCount: 1, cleanup: 'delete', retentionMs: 3_600_000 }]);
        await publish(name, ['x']);
        await eventually('the record is read', () => seen.length === 1);
        await reader.close();
      });
    });

    describe('positions kept by the handler', () => {
      it('reads from where the function says, whatever the group committed', async () => {
        const name = await topic(1);
        const group = randomUUID();
        await publish(name, range(10).map(String));
        const usual = await collect(connect(), { topics: [name], group });
        await eventually('all are read and committed', () => usual.seen.length === 10);
        await usual.close();
        const asked: string[] = [];
        const replay = await collect(connect(), {
          topics: [name],
          group,
          positions: (assigned) => {
            asked.push(...assigned.map(partitionKey));
            return Promise.resolve(new Map([[`${name}/0`, 4n]]));
          },
        });
        await eventually('the rest is read', () => replay.seen.length === 6);
        expect(replay.seen).toEqual(['4', '5', '6', '7', '8', '9']);
        expect(asked).toEqual([`${name}/0`]);
        await replay.close();
        const again = await collect(connect(), { topics: [name], group, positions: () => Promise.resolve(new Map()) });
        await eventually('without an entry it begins at the beginning', () => again.seen.length === 10);
        await again.close();
      });

      it('asks again while the positions cannot be read, and reads nothing meanwhile', async () => {
        const name = await topic(1);
        await publish(name, ['a']);
        let asked = 0;
        const reader = await collect(bus, {
          topics: [name],
          positions: () => (++asked < 4 ? Promise.reject(new Error('the database is away')) : Promise.resolve(new Map())),
        });
        await eventually('the record is read', () => reader.seen.length === 1);
        expect(asked).toBe(4);
        await reader.close();
      });
    });

    describe('handlers that fail', () => {
      it('hands the same batch out again', async () => {
        const name = await topic(1);
        await publish(name, ['a', 'b']);
        const tries: string[][] = [];
        const reader = await bus.subscribe({
          topics: [name],
          group: randomUUID(),
          from: 'earliest',
          onBatch: (batch) => (tries.push(batch.records.map(textOf)) < 3 ? Promise.reject(new Error('not now')) : Promise.resolve()),
        });
        await eventually('it was tried three times', () => tries.length >= 3);
        await publish(name, ['c']);
        await eventually('the next is read', () => tries.length >= 4);
        expect(tries).toEqual([['a', 'b'], ['a', 'b'], ['a', 'b'], ['c']]);
        await reader.close();
      });

      it('waits for as long as a handler throws RetryLater, and skips nothing', async () => {
        const name = await topic(1);
        await publish(name, ['a', 'b']);
        const seen: string[] = [];
        let calls = 0;
        const reader = await bus.subscribe({
          topics: [name],
          group: randomUUID(),
          from: 'earliest',
          onBatch: (batch) => {
            if (++calls <= 12) return Promise.reject(new RetryLater('the database is away'));
            seen.push(...batch.records.map(textOf));
            return Promise.resolve();
          },
        });
        await eventually('it is handled at last', () => seen.length >= 2);
        expect(seen).toEqual(['a', 'b']);
        await reader.close();
      });

      it('puts a poisonous record aside with the reason, and processes its neighbours', async () => {
        const name = await topic(1);
        await bus.publish(name, ['good-1', 'poison', 'good-2'].map((value) => ({ key: 'k', value: text(value), headers: { trace: 'abc' } })));
        const done: string[] = [];
        const reader = await bus.subscribe({
          topics: [name],
          group: randomUUID(),
          from: 'earliest',
          onBatch: (batch) => {
            const values = batch.records.map(textOf);
            if (values.includes('poison')) return Promise.reject(new TypeError('cannot read poison'));
            done.push(...values);
            return Promise.resolve();
          },
        });
        await eventually('the neighbours are done', () => done.length === 2);
        expect(done).toEqual(['good-1', 'good-2']);
        const letters: BusRecord[] = [];
        const undertaker = await bus.subscribe({ topics: [deadLetterTopic(name).name], group: randomUUID(), from: 'earliest', onBatch: (batch) => Promise.resolve(void letters.push(...batch.records)) });
        await eventually('the letter is there', () => letters.length === 1);
        const [letter] = letters as [BusRecord];
        expect(textOf(letter)).toBe('poison');
        expect(letter.key).toBe('k');
        expect(letter.headers).toMatchObject({
          trace: 'abc',
          [DEAD_LETTER_HEADERS.topic]: name,
          [DEAD_LETTER_HEADERS.partition]: '0',
          [DEAD_LETTER_HEADERS.offset]: '1',
          [DEAD_LETTER_HEADERS.key]: 'k',
          [DEAD_LETTER_HEADERS.reason]: 'TypeError: cannot read poison',
        });
        expect(Date.parse(letter.headers[DEAD_LETTER_HEADERS.failedAt] ?? '')).not.toBeNaN();
        await Promise.all([reader.close(), undertaker.close()]);
      });

      it('lets a handler put a record aside by itself', async () => {
        const name = await topic(1);
        await publish(name, ['bad']);
        const reader = await bus.subscribe({
          topics: [name],
          group: randomUUID(),
          from: 'earliest',
          onBatch: async (batch) => {
            await batch.heartbeat();
            await batch.deadLetter(batch.records[0] as BusRecord, 'version 9 is not known');
          },
        });
        const undertaker = await collect(bus, { topics: [deadLetterTopic(name).name] });
        await eventually('the letter is there', () => undertaker.seen.length === 1);
        await Promise.all([reader.close(), undertaker.close()]);
      });

      it('puts the largest record aside as well', async () => {
        const name = await topic(1);
        await bus.publish(name, [{ key: 'k', value: new Uint8Array(900 * 1024 - 200) }]);
        const reader = await bus.subscribe({ topics: [name], group: randomUUID(), from: 'earliest', onBatch: () => Promise.reject(new Error(`no${'!'.repeat(5000)}`)) });
        const undertaker = await collect(bus, { topics: [deadLetterTopic(name).name] });
        await eventually('the letter is there', () => undertaker.seen.length === 1);
        await Promise.all([reader.close(), undertaker.close()]);
      });
    });

    describe('flow', () => {
      it('refuses at once what would wait too long in line, and takes more when the line is shorter', async () => {
        const narrow = connect({ queueRecordsMax: 10 });
        const name = await topic(1);
        await narrow.ensureTopics([]);
        const results = await Promise.allSettled(range(50).map((n) => narrow.publish(name, [{ key: 'k', value: text(String(n)) }])));
        const refused = results.filter((it) => it.status === 'rejected').map((it) => it.reason as unknown);
        expect(refused.length).toBe(40);
        expect(refused[0]).toMatchObject({ code: 'BUS_BACKPRESSURE', retriable: true });
        await narrow.publish(name, [{ key: 'k', value: text('later') }]);
        const reader = await collect(bus, { topics: [name] });
        await eventually('what was taken is there', () => reader.seen.length === 11);
        await reader.close();
      });

      it('hands out nothing while paused, counts the lag, and goes on where it was', async () => {
        const name = await topic(2);
        const reader = await collect(bus, { topics: [name] });
        await publish(name, ['a']);
        await eventually('the first is read', () => reader.seen.length === 1 && reader.lag() === 0);
        reader.pause();
        await publish(name, ['b', 'c']);
        await eventually('the lag is seen', () => reader.lag() === 2);
        expect(reader.seen).toEqual(['a']);
        reader.resume();
        await eventually('the rest is read', () => reader.seen.length === 3 && reader.lag() === 0);
        expect(reader.seen).toEqual(['a', 'b', 'c']);
        await reader.close();
      });

      it('lets a running handler finish and commits its work before it closes', async () => {
        const name = await topic(1);
        const group = randomUUID();
        await publish(name, ['a']);
        const steps: string[] = [];
        let finish: () => void = () => undefined;
        const client = connect();
        const reader = await client.subscribe({
          topics: [name],
          group,
          from: 'earliest',
          onBatch: async (batch) => {
            steps.push('begin');
            await new Promise<void>((resolve) => (finish = resolve));
            steps.push(batch.isStale() ? 'stale' : 'end');
          },
        });
        await eventually('the handler runs', () => steps.length === 1);
        const closed = reader.close().then(() => steps.push('closed'));
        await Promise.resolve();
        finish();
        await closed;
        expect(steps).toEqual(['begin', 'end', 'closed']);
        await publish(name, ['b']);
        const next = await collect(connect(), { topics: [name], group });
        await eventually('the next is read', () => next.seen.length > 0);
        expect(next.seen).toEqual(['b']);
        await next.close();
      });

      it('closes while a handler keeps asking for more time, and leaves its batch to the next', async () => {
        const name = await topic(1);
        const group = randomUUID();
        await publish(name, ['a']);
        let calls = 0;
        const reader = await connect({ retryPauseMsMin: 60_000, retryPauseMsMax: 60_000 }).subscribe({ topics: [name], group, from: 'earliest', onBatch: () => Promise.reject(++calls > 0 ? new RetryLater('away') : undefined) });
        await eventually('it waits', () => calls === 1);
        await reader.close();
        const next = await collect(connect(), { topics: [name], group });
        await eventually('the batch is read', () => next.seen.length === 1);
        await next.close();
      });
    });

    describe('refusals', () => {
      it('refuses a huge record by its size and takes the next', async () => {
        const name = await topic(1);
        const failure = await failureOf(bus.publish(name, [{ key: 'k', value: new Uint8Array(2_000_000) }]));
        expect(failure).toMatchObject({ code: 'BUS_RECORD_TOO_LARGE', retriable: false });
        await publish(name, ['fine']);
      });

      it('names both shapes when a topic exists with another one', async () => {
        const name = await topic(3);
        const more = await failureOf(bus.ensureTopics([{ name, partitionCount: 4, cleanup: 'delete', retentionMs: 1000 }]));
        expect(more).toMatchObject({ code: 'BUS_TOPIC_SHAPE', retriable: false });
        expect(more.message).toContain('has 3 partitions with cleanup delete, wanted are 4 with delete');
        const other = await failureOf(bus.ensureTopics([{ name, partitionCount: 3, cleanup: 'compact', retentionMs: null }]));
        expect(other.message).toContain('wanted are 3 with compact');
        await bus.ensureTopics([{ name, partitionCount: 3, cleanup: 'delete', retentionMs: 3_600_000 }]);
      });

      it('creates a topic once when many ask for it', async () => {
        const spec: TopicSpec = { name: `contract-${randomUUID()}`, partitionCount: 2, cleanup: 'delete', retentionMs: 3_600_000 };
        await Promise.all(range(4).map(() => connect().ensureTopics([spec])));
        await publish(spec.name, ['x']);
      });

      it('says that a topic does not exist', async () => {
        const failure = await failureOf(bus.publish(`missing-${randomUUID()}`, [{ key: 'k', value: text('x') }]));
        expect(failure).toMatchObject({ code: 'BUS_FAILED', retriable: false });
      });

      it('carries tombstones on a compacted topic, and wants a key there', async () => {
        const name = await topic(1, { cleanup: 'compact', retentionMs: null });
        const records: BusRecord[] = [];
        const reader = await bus.subscribe({ topics: [name], group: randomUUID(), from: 'earliest', onBatch: (batch) => Promise.resolve(void records.push(...batch.records)) });
        await bus.publish(name, [{ key: 'a', value: text('1') }]);
        await bus.publish(name, [{ key: 'a', value: null }]);
        await eventually('both are read', () => records.length === 2);
        expect(records.map((record) => record.value === null)).toEqual([false, true]);
        expect(await failureOf(bus.publish(name, [{ key: null, value: text('x') }]))).toMatchObject({ code: 'BUS_FAILED', retriable: false });
        await reader.close();
      });

      it('refuses work after it was closed', async () => {
        const name = await topic(1);
        const closed = connect();
        await closed.ensureTopics([]);
        await closed.close();
        expect(await failureOf(closed.publish(name, [{ key: 'k', value: text('x') }]))).toMatchObject({ code: 'BUS_DOWN', retriable: false });
        expect(closed.status().state).toBe('down');
      });
    });
  });
}
