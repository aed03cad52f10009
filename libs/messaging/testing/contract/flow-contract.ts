/** Back-pressure, pausing, lag, and closing in the middle of things. */
import { randomUUID } from 'node:crypto';
import { RetryLater } from '@muster/contracts';
import { until } from '@muster/testing';
import { type BusWorld, range, text } from './bus-world.js';

export function flowContract(world: BusWorld): void {
  const { connect, topic, collect, publish } = world;

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
      const reader = await collect(world.bus, { topics: [name] });
      await until('what was taken is there', () => reader.seen.length === 11);
      await reader.close();
    });

    it('hands out nothing while paused, counts the lag, and goes on where it was', async () => {
      const name = await topic(2);
      const reader = await collect(world.bus, { topics: [name] });
      await publish(name, ['a']);
      await until('the first is read', () => reader.seen.length === 1 && reader.lag() === 0);
      reader.pause();
      await publish(name, ['b', 'c']);
      await until('the lag is seen', () => reader.lag() === 2);
      expect(reader.seen).toEqual(['a']);
      reader.resume();
      await until('the rest is read', () => reader.seen.length === 3 && reader.lag() === 0);
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
      await until('the handler runs', () => steps.length === 1);
      const closed = reader.close().then(() => steps.push('closed'));
      await Promise.resolve();
      finish();
      await closed;
      expect(steps).toEqual(['begin', 'end', 'closed']);
      await publish(name, ['b']);
      const next = await collect(connect(), { topics: [name], group });
      await until('the next is read', () => next.seen.length > 0);
      expect(next.seen).toEqual(['b']);
      await next.close();
    });

    it('sends what waits before it closes', async () => {
      const name = await topic(1);
      const client = connect();
      await client.ensureTopics([]);
      const sent = range(200).map((n) => client.publish(name, [{ key: 'k', value: text(String(n)) }]));
      await client.close();
      await Promise.all(sent);
      const reader = await collect(world.bus, { topics: [name] });
      await until('all of it is there', () => reader.seen.length === 200);
      await reader.close();
    });

    it('closes while a handler keeps asking for more time, and leaves its batch to the next', async () => {
      const name = await topic(1);
      const group = randomUUID();
      await publish(name, ['a']);
      let calls = 0;
      const reader = await connect({ retryPauseMsMin: 60_000, retryPauseMsMax: 60_000 }).subscribe({ topics: [name], group, from: 'earliest', onBatch: () => Promise.reject(++calls > 0 ? new RetryLater('away') : undefined) });
      await until('it waits', () => calls === 1);
      await reader.close();
      const next = await collect(connect(), { topics: [name], group });
      await until('the batch is read', () => next.seen.length === 1);
      await next.close();
    });
  });
}
