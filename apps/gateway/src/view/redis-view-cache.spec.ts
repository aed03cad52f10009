import { Redis } from 'ioredis';
import { memberOf, statusOf } from '../../testing/members.js';
import { silentLogger } from '../../testing/silent-logger.js';
import { viewCacheContract } from '../../testing/view-cache-contract.js';
import { RedisViewCache } from './redis-view-cache.js';

const url = process.env['REDIS_URL'];

if (url === undefined || url === '') {
  test.todo('the view cache keeps its contract on Redis (set REDIS_URL=redis://host:port to run it)');
} else {
  viewCacheContract('Redis', () => ({
    open: async (cluster) => new RedisViewCache(url, cluster, silentLogger),
    spoil: async (cluster) => {
      const redis = new Redis(url);
      await redis.hset(`muster:{${cluster}}:gateway-view`, 'body', '{"v":99}');
      await redis.quit();
    },
  }));
}

test('a Redis that is away is an error of the first attempt, not a wait for the next ones', async () => {
  const cache = new RedisViewCache('redis://127.0.0.1:1', 'muster', silentLogger);
  await expect(cache.load()).rejects.toThrow('closed');
  await expect(cache.save({ v: 1, asOfUnixMs: 1, status: statusOf(memberOf('a')) })).rejects.toThrow("isn't writeable");
  await cache.close();
});
