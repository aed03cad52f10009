/** What becomes of records whose handler fails. */
import { randomUUID } from 'node:crypto';
import { type BusRecord, deadLetterTopic, RetryLater } from '@muster/contracts';
import { until } from '@muster/testing';
import { DEAD_LETTER_HEADERS } from '../../src/index.js';
import { type BusWorld, text, textOf } from './bus-world.js';

export function failingHandlerContract(world: BusWorld): void {
  const { topic, collect, publish } = world;

  describe('handlers that fail', () => {
    it('hands the same batch out again', async () => {
      const name = await topic(1);
      await publish(name, ['a', 'b']);
      const tries: string[][] = [];
      const reader = await world.bus.subscribe({
        topics: [name],
        group: randomUUID(),
        from: 'earliest',
        onBatch: (batch) => (tries.push(batch.records.map(textOf)) < 3 ? Promise.reject(new Error('not now')) : Promise.resolve()),
      });
      await until('it was tried three times', () => tries.length >= 3);
      await publish(name, ['c']);
      await until('the next is read', () => tries.length >= 4);
      expect(tries).toEqual([['a', 'b'], ['a', 'b'], ['a', 'b'], ['c']]);
      await reader.close();
    });

    it('waits for as long as a handler throws RetryLater, and skips nothing', async () => {
      const name = await topic(1);
      await publish(name, ['a', 'b']);
      const seen: string[] = [];
      let calls = 0;
      const reader = await world.bus.subscribe({
        topics: [name],
        group: randomUUID(),
        from: 'earliest',
        onBatch: (batch) => {
          if (++calls <= 12) return Promise.reject(new RetryLater('the database is away'));
          seen.push(...batch.records.map(textOf));
          return Promise.resolve();
        },
      });
      await until('it is handled at last', () => seen.length >= 2);
      expect(seen).toEqual(['a', 'b']);
      await reader.close();
    });

    it('puts a poisonous record aside with the reason, and processes its neighbours', async () => {
      const name = await topic(1);
      await world.bus.publish(name, ['good-1', 'poison', 'good-2'].map((value) => ({ key: 'k', value: text(value), headers: { trace: 'abc' } })));
      const done: string[] = [];
      const reader = await world.bus.subscribe({
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
      await until('the neighbours are done', () => done.length === 2);
      expect(done).toEqual(['good-1', 'good-2']);
      const letters: BusRecord[] = [];
      const undertaker = await world.bus.subscribe({ topics: [deadLetterTopic(name).name], group: randomUUID(), from: 'earliest', onBatch: (batch) => Promise.resolve(void letters.push(...batch.records)) });
      await until('the letter is there', () => letters.length === 1);
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
      const reader = await world.bus.subscribe({
        topics: [name],
        group: randomUUID(),
        from: 'earliest',
        onBatch: async (batch) => {
          await batch.heartbeat();
          await batch.deadLetter(batch.records[0] as BusRecord, 'version 9 is not known');
        },
      });
      const undertaker = await collect(world.bus, { topics: [deadLetterTopic(name).name] });
      await until('the letter is there', () => undertaker.seen.length === 1);
      await Promise.all([reader.close(), undertaker.close()]);
    });

    it('puts the largest record aside as well', async () => {
      const name = await topic(1);
      await world.bus.publish(name, [{ key: 'k', value: new Uint8Array(900 * 1024 - 200) }]);
      const reader = await world.bus.subscribe({ topics: [name], group: randomUUID(), from: 'earliest', onBatch: () => Promise.reject(new Error(`no${'!'.repeat(5000)}`)) });
      const undertaker = await collect(world.bus, { topics: [deadLetterTopic(name).name] });
      await until('the letter is there', () => undertaker.seen.length === 1);
      await Promise.all([reader.close(), undertaker.close()]);
    });
  });
}
