/** How members of a group share, hand over and resume. */
import { randomUUID } from 'node:crypto';
import { partitionKey, type RecordBatch, type Subscription } from '@muster/contracts';
import { until } from '@muster/testing';
import { type BusWorld, range, text, textOf } from './bus-world.js';

export function groupContract(world: BusWorld): void {
  const { connect, topic, collect, publish } = world;

  describe('groups', () => {
    it('shares the partitions among the members of a group, each record going to one of them', async () => {
      const name = await topic(4);
      const group = randomUUID();
      const [one, two] = [await collect(connect(), { topics: [name], group }), await collect(connect(), { topics: [name], group })];
      await until('both have two partitions', () => one.assigned().length === 2 && two.assigned().length === 2);
      const places = new Set([...one.assigned(), ...two.assigned()].map(partitionKey));
      expect(places.size).toBe(4);
      await world.bus.publish(name, range(200).map((n) => ({ key: `k${n}`, value: text(String(n)) })));
      await until('all are read', () => one.seen.length + two.seen.length >= 200);
      expect(new Set([...one.seen, ...two.seen]).size).toBe(200);
      expect(one.seen.length).toBeGreaterThan(0);
      expect(two.seen.length).toBeGreaterThan(0);
      await Promise.all([one.close(), two.close()]);
    });

    it('gives everything to each of several groups', async () => {
      const name = await topic();
      const readers = await Promise.all(range(3).map(() => collect(world.bus, { topics: [name] })));
      await publish(name, ['a', 'b', 'c']);
      for (const reader of readers) {
        await until('the group has all', () => reader.seen.length === 3);
        expect(reader.seen).toEqual(['a', 'b', 'c']);
      }
      await Promise.all(readers.map((reader) => reader.close()));
    });

    it('lets the members that remain take over, after what the one that left had finished', async () => {
      const name = await topic(4);
      const group = randomUUID();
      const [one, two] = [await collect(connect(), { topics: [name], group }), await collect(connect(), { topics: [name], group })];
      await until('both have partitions', () => one.assigned().length === 2 && two.assigned().length === 2);
      await world.bus.publish(name, range(40).map((n) => ({ key: `k${n}`, value: text(`first-${n}`) })));
      await until('all are read', () => one.seen.length + two.seen.length >= 40);
      await one.close();
      await until('the other has all partitions', () => two.assigned().length === 4);
      await world.bus.publish(name, range(40).map((n) => ({ key: `k${n}`, value: text(`second-${n}`) })));
      await until('the other reads all', () => two.seen.filter((value) => value.startsWith('second')).length === 40);
      expect(one.seen.length + two.seen.length).toBe(80);
      await two.close();
    });

    it('never lets two members handle one partition at once, and loses nothing, while members come and go', async () => {
      const name = await topic(4);
      const group = randomUUID();
      const inside = new Map<number, number>();
      const trespasses: number[] = [];
      const handled = new Map<string, number>();
      const lastOfKey = new Map<string, number>();
      const disorder: string[] = [];
      const onBatch = async (batch: RecordBatch): Promise<void> => {
        inside.set(batch.partition, (inside.get(batch.partition) ?? 0) + 1);
        await until('some work is done', () => Math.random() < 0.5, 1000).catch(() => undefined);
        // A member that lost its partition may be followed by another, if it stops writing: that is what isStale is for.
        if ((inside.get(batch.partition) ?? 0) > 1 && !batch.isStale()) trespasses.push(batch.partition);
        for (const record of batch.isStale() ? [] : batch.records) {
          const [value, key] = [textOf(record), record.key ?? ''];
          const isFirst = !handled.has(value);
          handled.set(value, (handled.get(value) ?? 0) + 1);
          if (isFirst && Number(value.split(':')[1]) < (lastOfKey.get(key) ?? -1)) disorder.push(value);
          if (isFirst) lastOfKey.set(key, Number(value.split(':')[1]));
        }
        inside.set(batch.partition, (inside.get(batch.partition) ?? 1) - 1);
      };
      const join = (): Promise<Subscription> => connect().subscribe({ topics: [name], group, from: 'earliest', partitionsConcurrent: 2, onBatch });
      let isChurning = true;
      let published = 0;
      const publishing = (async () => {
        for (; isChurning; published++) await world.bus.publish(name, range(8).map((n) => ({ key: `k${n}`, value: text(`${n}:${published}`) })));
      })();
      const members = [await join()];
      for (const step of range(4)) {
        const enough = handled.size + 200;
        await until('the group makes progress', () => handled.size > enough);
        if (step % 2 === 0) members.push(await join());
        else await members.shift()?.close();
      }
      isChurning = false;
      await publishing;
      await until('all is handled', () => handled.size === published * 8);
      expect(trespasses).toEqual([]);
      expect(disorder).toEqual([]);
      await Promise.all(members.map((member) => member.close()));
    });

    it('is ready without partitions when a group has more members than partitions', async () => {
      const name = await topic(1);
      const group = randomUUID();
      const one = await collect(connect(), { topics: [name], group });
      const spare = await collect(connect(), { topics: [name], group });
      await until('one of them holds the partition', () => one.assigned().length + spare.assigned().length === 1);
      await Promise.all([one.close(), spare.close()]);
    });

    it('resumes after what the group committed', async () => {
      const name = await topic();
      const group = randomUUID();
      const first = await collect(connect(), { topics: [name], group });
      await publish(name, ['a', 'b']);
      await until('the first two are read', () => first.seen.length === 2);
      await first.close();
      await publish(name, ['c']);
      const second = await collect(connect(), { topics: [name], group });
      await until('the third is read', () => second.seen.length > 0);
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
      await until('both are read', () => second.seen.length === 2);
      expect(second.seen).toEqual(['between', 'after']);
      expect(first.seen).toEqual([]);
      await second.close();
    });

    it('begins when the topic appears, for a subscription that came before it', async () => {
      const name = `contract-${randomUUID()}`;
      const seen: string[] = [];
      const reader = await world.bus.subscribe({ topics: [name], group: randomUUID(), from: 'earliest', onBatch: (batch) => Promise.resolve(void seen.push(...batch.records.map(textOf))) });
      await world.bus.ensureTopics([{ name, partitionCount: 1, cleanup: 'delete', retentionMs: 3_600_000 }]);
      await publish(name, ['x']);
      await until('the record is read', () => seen.length === 1);
      await reader.close();
    });
  });
}
