/** What a bus refuses, and how it says so. */
import { randomUUID } from 'node:crypto';
import type { BusRecord, TopicSpec } from '@muster/contracts';
import { failureOf, until } from '@muster/testing';
import { type BusWorld, range, text } from './bus-world.js';

export function refusalContract(world: BusWorld): void {
  const { connect, topic, collect, publish } = world;

  describe('refusals', () => {
    it('refuses a huge record by its size and takes the next', async () => {
      const name = await topic(1);
      const failure = await failureOf(world.bus.publish(name, [{ key: 'k', value: new Uint8Array(2_000_000) }]));
      expect(failure).toMatchObject({ code: 'BUS_RECORD_TOO_LARGE', retriable: false });
      await publish(name, ['fine']);
    });

    it('names both shapes when a topic exists with another one', async () => {
      const name = await topic(3);
      const more = await failureOf(world.bus.ensureTopics([{ name, partitionCount: 4, cleanup: 'delete', retentionMs: 1000 }]));
      expect(more).toMatchObject({ code: 'BUS_TOPIC_SHAPE', retriable: false });
      expect(more.message).toContain('has 3 partitions with cleanup delete, wanted are 4 with delete');
      const other = await failureOf(world.bus.ensureTopics([{ name, partitionCount: 3, cleanup: 'compact', retentionMs: null }]));
      expect(other.message).toContain('wanted are 3 with compact');
      await world.bus.ensureTopics([{ name, partitionCount: 3, cleanup: 'delete', retentionMs: 3_600_000 }]);
    });

    it('creates a topic once when many ask for it', async () => {
      const spec: TopicSpec = { name: `contract-${randomUUID()}`, partitionCount: 2, cleanup: 'delete', retentionMs: 3_600_000 };
      await Promise.all(range(4).map(() => connect().ensureTopics([spec])));
      await publish(spec.name, ['x']);
    });

    it('says that a topic does not exist', async () => {
      const failure = await failureOf(world.bus.publish(`missing-${randomUUID()}`, [{ key: 'k', value: text('x') }]));
      expect(failure).toMatchObject({ code: 'BUS_FAILED', retriable: false });
    });

    it.each([-1, 3, 1.5, Number.NaN])('refuses a record for partition %d of three by naming it, stores nothing of that call, and takes the next', async (partition) => {
      const name = await topic(3);
      const reader = await collect(world.bus, { topics: [name] });
      const failure = await failureOf(world.bus.publish(name, [{ key: 'k', value: text('beside') }, { key: 'k', value: text('lost'), partition }]));
      expect(failure).toMatchObject({ code: 'BUS_FAILED', retriable: false });
      expect(failure.message).toContain(`partition ${partition} of '${name}', which has 3: name 0 to 2`);
      await publish(name, ['fine']);
      await until('the next is read', () => reader.seen.length > 0);
      expect(reader.seen).toEqual(['fine']);
      await reader.close();
    });

    it('carries tombstones on a compacted topic, and wants a key there', async () => {
      const name = await topic(1, { cleanup: 'compact', retentionMs: null });
      const records: BusRecord[] = [];
      const reader = await world.bus.subscribe({ topics: [name], group: randomUUID(), from: 'earliest', onBatch: (batch) => Promise.resolve(void records.push(...batch.records)) });
      await world.bus.publish(name, [{ key: 'a', value: text('1') }]);
      await world.bus.publish(name, [{ key: 'a', value: null }]);
      await until('both are read', () => records.length === 2);
      expect(records.map((record) => record.value === null)).toEqual([false, true]);
      expect(await failureOf(world.bus.publish(name, [{ key: null, value: text('x') }]))).toMatchObject({ code: 'BUS_FAILED', retriable: false });
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
}
