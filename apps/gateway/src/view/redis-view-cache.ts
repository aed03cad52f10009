/** The view in Redis, shared by all gateways of a cluster. */
import type { Logger } from '@muster/contracts';
import { Redis } from 'ioredis';
import { decodeView, encodeView, type SavedView, type ViewCache } from './view-cache.js';

/** A view older than this helps nobody. Seconds. */
const KEEP_S = 24 * 3600;
const COMMAND_MS_MAX = 1000;
const RECONNECT_MS_MAX = 5000;
/** Wait for a socket that is already gone, which would hold up the end of the process. Milliseconds. */
const DISCONNECT_MS_MAX = 100;

/** Compare and set in one step: two gateways save at the same time. */
const SAVE_IF_NEWER = `
local kept = redis.call('hget', KEYS[1], 'asOfUnixMs')
if kept and tonumber(kept) > tonumber(ARGV[1]) then return 0 end
redis.call('hset', KEYS[1], 'asOfUnixMs', ARGV[1], 'body', ARGV[2])
redis.call('expire', KEYS[1], ARGV[3])
return 1`;

export class RedisViewCache implements ViewCache {
  private readonly redis: Redis;
  private readonly key: string;
  private connecting: Promise<void> | null = null;

  constructor(url: string, cluster: string, logger: Logger) {
    this.key = `muster:{${cluster}}:gateway-view`;
    this.redis = new Redis(url, {
      // Nothing waits for Redis: what it cannot do now is not done.
      enableOfflineQueue: false,
      lazyConnect: true,
      maxRetriesPerRequest: 0,
      commandTimeout: COMMAND_MS_MAX,
      connectTimeout: COMMAND_MS_MAX,
      disconnectTimeout: DISCONNECT_MS_MAX,
      retryStrategy: (attempt) => Math.min(RECONNECT_MS_MAX, 100 * 2 ** Math.min(attempt, 10)),
    });
    let isReported = false;
    this.redis.on('error', (error: Error) => {
      if (!isReported) logger.warn({ err: error }, 'Redis is away: the view is not kept for the next start');
      isReported = true;
    });
    this.redis.on('ready', () => {
      isReported = false;
    });
  }

  async load(): Promise<SavedView | null> {
    await this.connected();
    return decodeView(await this.redis.hget(this.key, 'body'));
  }

  async save(view: SavedView): Promise<void> {
    await this.connected();
    await this.redis.eval(SAVE_IF_NEWER, 1, this.key, view.asOfUnixMs, encodeView(view), KEEP_S);
  }

  async close(): Promise<void> {
    this.redis.disconnect();
  }

  /**
   * The first use connects, and whoever comes meanwhile waits with it; afterwards the client reconnects by itself, and
   * commands fail at once.
   */
  private async connected(): Promise<void> {
    if (this.redis.status === 'wait') this.connecting = this.redis.connect().finally(() => (this.connecting = null));
    await this.connecting;
  }
}
