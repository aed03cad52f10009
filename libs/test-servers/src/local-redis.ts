/** Redis as a local process: `redis-server` of the PATH on a free port, nothing on disk. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@muster/testing';
import { becomesTrue } from './deadline.js';
import type { PlaceAnswer, SearchOptions } from './found-server.js';
import { OwnedProcess, programIn } from './owned-process.js';
import { whyNotServing } from './serving.js';

const START_WITHIN_MS = 45_000;

export async function startLocalRedis(options: SearchOptions): Promise<PlaceAnswer> {
  const program = programIn('redis-server', options.env);
  if (program === null) return { reason: 'no redis-server on the PATH (Debian: apt-get install redis-server)' };
  const folder = await mkdtemp(join(tmpdir(), 'muster-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const server = new OwnedProcess(program, ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'], { env: options.env });
  const stop = async () => {
    await server.end('SIGTERM', 3_000);
    await rm(folder, { recursive: true, force: true });
  };
  const isUp = await becomesTrue(async () => (await whyNotServing('redis', url, 1_000)) === null, START_WITHIN_MS, () => server.hasEnded);
  if (isUp) return { url, detail: `${program}, pid ${server.pid}`, stop };
  const reason = `${program} did not serve within ${START_WITHIN_MS} ms: ${server.report()}`;
  await stop();
  return { reason };
}
