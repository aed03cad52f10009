import { type BusRecord, type Logger, type RecordBatch, RetryLater } from '@muster/contracts';
import { handleBatch, type HandlingRules } from './batch-handling.js';

const silent: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

describe('handling a batch', () => {
  const record = (offset: number): BusRecord => ({ key: null, value: null, headers: {}, offset: BigInt(offset), timestampUnixMs: 0 });

  interface World {
    readonly calls: string[];
    readonly letters: string[];
    readonly pauses: number[];
    readonly retries: string[];
  }

  async function run(offsets: readonly number[], behave: (call: string, nth: number) => void, over: (world: World) => boolean = () => false, letterFails: (nth: number) => boolean = () => false): Promise<World & { readonly done: number }> {
    const world: World = { calls: [], letters: [], pauses: [], retries: [] };
    let letterTries = 0;
    const batch: RecordBatch = {
      topic: 't',
      partition: 0,
      records: offsets.map(record),
      highWatermark: 9n,
      isStale: () => false,
      heartbeat: () => Promise.resolve(),
      deadLetter: (it, reason) => {
        if (letterFails(++letterTries)) return Promise.reject(new Error('bus away'));
        world.letters.push(`${it.offset} ${reason}`);
        return Promise.resolve();
      },
    };
    const rules: HandlingRules = {
      pauseMsMin: 100,
      pauseMsMax: 1000,
      attemptsMax: 3,
      logger: silent,
      isOver: () => over(world),
      pause: (ms) => Promise.resolve(void world.pauses.push(ms)),
      onRetry: (why) => world.retries.push(why),
    };
    const done = await handleBatch(batch, async (it) => {
      const call = it.records.map((each) => each.offset).join();
      world.calls.push(call);
      await Promise.resolve();
      behave(call, world.calls.length);
    }, rules);
    return { ...world, done };
  }

  const failOn = (bad: string) => (call: string): void => {
    if (call.split(',').includes(bad)) throw new Error(`bad ${bad}`);
  };

  it('is done after one call when nothing fails', async () => {
    expect(await run([1, 2], () => undefined)).toMatchObject({ calls: ['1,2'], done: 2, letters: [] });
  });

  it('tries the whole a bounded number of times, then each record once, and puts the bad one aside', async () => {
    const world = await run([1, 2, 3], failOn('2'));
    expect(world.calls).toEqual(['1,2,3', '1,2,3', '1,2,3', '1', '2', '3']);
    expect(world.letters).toEqual(['2 Error: bad 2']);
    expect(world.done).toBe(3);
  });

  it('does not try a lone record once more than its bound', async () => {
    const world = await run([5], failOn('5'));
    expect(world.calls.length).toBe(3);
    expect(world.letters).toEqual(['5 Error: bad 5']);
  });

  it('waits ever longer between tries, up to a limit', async () => {
    const { pauses } = await run([1], (_, nth) => {
      if (nth <= 8) throw new RetryLater('away');
    });
    expect(pauses.length).toBe(8);
    expect(pauses.every((ms, nth) => ms >= Math.min(1000, 100 * 2 ** nth) / 2 && ms <= Math.min(1000, 100 * 2 ** nth))).toBe(true);
  });

  it('never counts a RetryLater as a failure, not even one from another copy of the class', async () => {
    class ForeignRetryLater extends Error {
      override readonly name = 'RetryLater';
    }
    const world = await run([1, 2], (_, nth) => {
      if (nth < 50) throw nth % 2 === 0 ? new RetryLater('away') : new ForeignRetryLater('away');
    });
    expect(world).toMatchObject({ done: 2, letters: [] });
    expect(new Set(world.retries)).toEqual(new Set(['later']));
  });

  it('says how far it came when the partition goes in the middle', async () => {
    const world = await run([1, 2, 3], failOn('3'), ({ calls }) => calls.length >= 5);
    expect(world.calls).toEqual(['1,2,3', '1,2,3', '1,2,3', '1', '2']);
    expect(world.done).toBe(2);
  });

  it('begins nothing when it is over already', async () => {
    expect(await run([1], () => undefined, () => true)).toMatchObject({ calls: [], done: 0 });
  });

  it('tries a dead letter until it is acknowledged, and skips nothing before', async () => {
    const world = await run([5], failOn('5'), undefined, (nth) => nth <= 4);
    expect(world).toMatchObject({ done: 1, letters: ['5 Error: bad 5'] });
  });
});
