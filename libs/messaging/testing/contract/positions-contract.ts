/** Handlers that remember by themselves where they stand. */
import { randomUUID } from 'node:crypto';
import { partitionKey } from '@muster/contracts';
import { until } from '@muster/testing';
import { type BusWorld, range } from './bus-world.js';

export function positionsContract(world: BusWorld): void {
  const { connect, topic, collect, publish } = world;

  describe('positions kept by the handler', () => {
    it('reads from where the function says, whatever the group committed', async () => {
      const name = await topic(1);
      const group = randomUUID();
      await publish(name, range(10).map(String));
      const usual = await collect(connect(), { topics: [name], group });
      await until('all are read and committed', () => usual.seen.length === 10);
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
      await until('the rest is read', () => replay.seen.length === 6);
      expect(replay.seen).toEqual(['4', '5', '6', '7', '8', '9']);
      expect(new Set(asked)).toEqual(new Set([`${name}/0`]));
      await replay.close();
      const again = await collect(connect(), { topics: [name], group, positions: () => Promise.resolve(new Map()) });
      await until('without an entry it begins at the beginning', () => again.seen.length === 10);
      await again.close();
    });

    it('asks again while the positions cannot be read, and reads nothing meanwhile', async () => {
      const name = await topic(1);
      await publish(name, ['a']);
      let asked = 0;
      const reader = await collect(world.bus, {
        topics: [name],
        positions: () => (++asked < 4 ? Promise.reject(new Error('the database is away')) : Promise.resolve(new Map())),
      });
      await until('the record is read', () => reader.seen.length === 1);
      expect(asked).toBeGreaterThanOrEqual(4);
      await reader.close();
    });
  });
}
