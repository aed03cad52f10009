/** What every view cache must do; the same tests run on each adapter. */
import { memberOf, statusOf } from './members.js';
import type { SavedView, ViewCache } from '../src/view/view-cache.js';

export interface CacheUnderTest {
  /** Opens the cache of a cluster; the same storage for the same name. */
  open(cluster: string): Promise<ViewCache>;
  /** Writes rubbish where the cluster's view is kept. */
  spoil(cluster: string): Promise<void>;
}

const viewAt = (asOfUnixMs: number): SavedView => ({ v: 1, asOfUnixMs, status: statusOf(memberOf(`node-${asOfUnixMs}`)) });

export function viewCacheContract(name: string, underTest: () => CacheUnderTest): void {
  describe(`view cache: ${name}`, () => {
    const open: ViewCache[] = [];
    let cluster = '';
    beforeEach(() => {
      cluster = `test-${process.pid}-${Math.random().toString(36).slice(2)}`;
    });
    afterEach(async () => {
      for (const cache of open.splice(0)) await cache.close();
    });
    async function opened(name = cluster): Promise<ViewCache> {
      const cache = await underTest().open(name);
      open.push(cache);
      return cache;
    }

    test('nothing was saved, nothing is loaded', async () => {
      expect(await (await opened()).load()).toBeNull();
    });

    test('a saved view comes back whole after a restart', async () => {
      const first = await opened();
      await first.save(viewAt(1000));
      await first.close();
      expect(await (await opened()).load()).toEqual(viewAt(1000));
    });

    test('of two gateways that save, the newer view stays, whoever comes last', async () => {
      const [one, other] = [await opened(), await opened()];
      await one.save(viewAt(2000));
      await other.save(viewAt(1000));
      expect(await one.load()).toEqual(viewAt(2000));
      await other.save(viewAt(3000));
      expect(await one.load()).toEqual(viewAt(3000));
    });

    test('clusters do not see each other', async () => {
      await (await opened()).save(viewAt(1000));
      expect(await (await opened(`${cluster}-other`)).load()).toBeNull();
    });

    test('what this build cannot read counts as nothing and is written over', async () => {
      const cache = await opened();
      await cache.save(viewAt(1000));
      await underTest().spoil(cluster);
      expect(await cache.load()).toBeNull();
      await cache.save(viewAt(2000));
      expect(await cache.load()).toEqual(viewAt(2000));
    });

    test('closing twice is harmless', async () => {
      const cache = await opened();
      await cache.close();
      await cache.close();
    });
  });
}
