/** Picks the adapter by the URL; the Redis client is loaded only when it is used. */
import { join } from 'node:path';
import type { Logger } from '@muster/contracts';
import { SqliteViewCache } from './sqlite-view-cache.js';
import type { ViewCache } from './view-cache.js';

export interface ViewCachePlace {
  readonly url: string | undefined;
  readonly dataDir: string;
  readonly cluster: string;
  readonly logger: Logger;
}

export async function createViewCache({ url, dataDir, cluster, logger }: ViewCachePlace): Promise<ViewCache> {
  if (url === undefined) return new SqliteViewCache(join(dataDir, 'gateway-view.db'), cluster);
  if (url.startsWith('sqlite:')) return new SqliteViewCache(url.slice('sqlite:'.length), cluster);
  const { RedisViewCache } = await import('./redis-view-cache.js');
  return new RedisViewCache(url, cluster, logger);
}
