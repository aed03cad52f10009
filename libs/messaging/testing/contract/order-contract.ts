/** Where records go, in which order, and that they arrive as they were. */
import { randomUUID } from 'node:crypto';
import type { BusRecord, RecordBatch } from '@muster/contracts';
import { until } from '@muster/testing';
import { partitionOf } from '../../src/shared/partitioner.js';
import { type BusWorld, range, text } from './bus-world.js';

export function orderContract(world: BusWorld): void {
  const { connect, topic, collect, publish } = world;

  describe('order and places', () => {
    it('keeps the order of a key, also when publish is not awaited', async () => {
      const name = await topic();
      const reader = await collect(world.bus, { topics: [name] });
      await Promise.all(range(300).map((n) => world.bus.publish(name, [{ key: `key-${n % 7}`, value: text(`${n % 7}:${n}`) }])));
      await until('all records are read', () => reader.seen.length === 300);
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
      const reader = await world.bus.subscribe({ topics: [name], group: randomUUID(), from: 'earliest', onBatch });
      const keys = range(40).map((n) => `schlüssel-${n}`);
      await world.bus.publish(name, keys.map((key) => ({ key, value: text('x') })));
      for (const n of range(20)) await world.bus.publish(name, [{ key: null, value: text(String(n)) }]);
      await until('all keys are read', () => places.size === keys.length && keyless.size > 1);
      expect([...places].filter(([key, partition]) => partition !== partitionOf(key, 4))).toEqual([]);
      await reader.close();
    });

    it('puts a record into the partition that it names, whatever its key, and tells the handler which it was', async () => {
      const name = await topic(4);
      const places = new Map<string, number[]>();
      const onBatch = (batch: RecordBatch): Promise<void> => {
        for (const record of batch.records) places.set(record.key ?? 'none', [...(places.get(record.key ?? 'none') ?? []), batch.partition]);
        return Promise.resolve();
      };
      const reader = await world.bus.subscribe({ topics: [name], group: randomUUID(), from: 'earliest', onBatch });
      await world.bus.publish(name, range(4).flatMap((partition) => [{ key: 'canary', value: text('x'), partition }, { key: null, value: null, partition }]));
      await world.bus.publish(name, [{ key: 'canary', value: text('x') }]);
      await until('all are read', () => places.get('canary')?.length === 5 && places.get('none')?.length === 4);
      const sorted = (key: string): number[] | undefined => places.get(key)?.toSorted((a, b) => a - b);
      expect(sorted('canary')).toEqual([0, 1, 2, 3, partitionOf('canary', 4)].toSorted((a, b) => a - b));
      expect(sorted('none')).toEqual([0, 1, 2, 3]);
      await reader.close();
    });

    it('carries bytes, headers, keys and the time unchanged, with growing offsets', async () => {
      const name = await topic(1);
      const records: BusRecord[] = [];
      const reader = await world.bus.subscribe({
        topics: [name],
        group: randomUUID(),
        from: 'earliest',
        onBatch: (batch) => Promise.resolve(void records.push(...batch.records)),
      });
      const bytes = Uint8Array.from(range(256));
      const before = Date.now();
      await world.bus.publish(name, [
        { key: 'ключ', value: bytes, headers: { a: '1', 'ü b': '€' } },
        { key: null, value: new Uint8Array() },
      ]);
      await until('both are read', () => records.length === 2);
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
      await until('all are read', () => sizes.reduce((sum, size) => sum + size, 0) === 95);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(10);
      await reader.close();
    });
  });
}
