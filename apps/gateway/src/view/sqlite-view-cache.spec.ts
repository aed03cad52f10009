import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
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
