import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { memberOf, statusOf } from '../../testing/members.js';
import { viewCacheContract } from '../../testing/view-cache-contract.js';
import { SqliteViewCache } from './sqlite-view-cache.js';

const folder = mkdtempSync(join(tmpdir(), 'muster-view-'));
const file = join(folder, 'below', 'view.db');
afterAll(() => rmSync(folder, { recursive: true }));

viewCacheContract('SQLite', () => ({
  open: async (cluster) => new SqliteViewCache(file, cluster),
  spoil: async (cluster) => {
    const database = new DatabaseSync(file);
    database.prepare("update view set body = '{\"v\":99}' where cluster = ?").run(cluster);
    database.close();
  },
}));

test('a damaged file is an error of each use, and forgotten once the file is gone', async () => {
  const damaged = join(folder, 'damaged.db');
  writeFileSync(damaged, 'no database at all, whatever its name says');
  const cache = new SqliteViewCache(damaged, 'muster');
  const view = { v: 1, asOfUnixMs: 1, status: statusOf(memberOf('a')) } as const;
  await expect(cache.load()).rejects.toThrow('not a database');
  await expect(cache.save(view)).rejects.toThrow('not a database');
  rmSync(damaged);
  await cache.save(view);
  expect(await cache.load()).toEqual(view);
  await cache.close();
});
