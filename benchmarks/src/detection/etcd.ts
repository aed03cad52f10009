/** The same `kill -9` for a lease in etcd, which is how many systems notice a crash: the key goes when nobody renews its lease. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { scratchFolder, until } from '@muster/test-cluster';
import { freePort } from '@muster/testing';
import { z } from 'zod';
import { tellProgress } from '../progress.js';

/** Seconds. Renewed three times in it, as etcd's own clients do. */
export const LEASE_TTL_S = 5;
const START_MS_MAX = 20_000;
const GIVE_UP_MS = 60_000;
/** Holders at once: they do not know of each other. */
const WIDTH = 10;

/** Holds a lease with a key and renews it until it is killed. */
const HOLDER = `
const [url, key] = process.argv.slice(1);
const ask = async (path, body) => (await fetch(url + path, { method: 'POST', body: JSON.stringify(body) })).json();
const { ID } = await ask('/v3/lease/grant', { TTL: ${LEASE_TTL_S} });
await ask('/v3/kv/put', { key: btoa(key), value: btoa('here'), lease: ID });
setInterval(() => ask('/v3/lease/keepalive', { ID }), ${(LEASE_TTL_S * 1000) / 3});
process.on('disconnect', () => process.exit(0));
process.send('held');
`;

const watchSchema = z.object({ result: z.object({ events: z.array(z.object({ type: z.string().optional(), kv: z.object({ key: z.string() }) })).optional() }) });

/** Null when it is not installed. */
export function etcdVersion(): string | null {
  try {
    return /[\d.]+/.exec(execFileSync('etcd', ['--version'], { encoding: 'utf8' }))?.[0] ?? null;
  } catch {
    return null;
  }
}

/** When keys went, by name; until the signal ends it. */
async function watch(url: string, gone: Map<string, number>, signal: AbortSignal): Promise<void> {
  const everything = btoa('\0');
  const answer = await fetch(`${url}/v3/watch`, { method: 'POST', signal, body: JSON.stringify({ create_request: { key: everything, range_end: everything } }) });
  let text = '';
  for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const lines = (text + chunk).split('\n');
    text = lines.pop() ?? '';
    for (const { result } of lines.map((line) => watchSchema.parse(JSON.parse(line)))) {
      for (const { type, kv } of result.events ?? []) if (type === 'DELETE') gone.set(atob(kv.key), performance.now());
    }
  }
}

/** From `kill -9` of a holder to its key being gone, as a watcher hears it. Milliseconds each. */
export async function etcdTrials(count: number): Promise<readonly number[]> {
  const data = scratchFolder('etcd');
  const [client, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
  const places = ['--listen-client-urls', client, '--advertise-client-urls', client, '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`];
  const server = spawn('etcd', ['--data-dir', data, ...places], { stdio: 'ignore' });
  const stop = new AbortController();
  const holders: ReturnType<typeof spawn>[] = [];
  try {
    await until('etcd to answer', START_MS_MAX, async () => ((await fetch(`${client}/health`)).ok ? true : undefined));
    const gone = new Map<string, number>();
    void watch(client, gone, stop.signal).catch(() => undefined);
    const samples: number[] = [];
    let begun = 0;
    const lane = async (): Promise<void> => {
      while (begun < count) {
        const key = `holder-${++begun}`;
        const holder = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, client, key], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
        holders.push(holder);
        await once(holder, 'message', { signal: AbortSignal.timeout(START_MS_MAX) });
        await pause((1 + Math.random()) * LEASE_TTL_S * 1000);
        holder.kill('SIGKILL');
        const sinceMs = performance.now();
        samples.push((await until(`${key} gone`, GIVE_UP_MS, async () => gone.get(key), 5)) - sinceMs);
        tellProgress(`detection: etcd lease, ${samples.length} of ${count} trials`);
      }
    };
    await Promise.all(Array.from({ length: Math.min(WIDTH, count) }, lane));
    return samples;
  } finally {
    stop.abort();
    for (const holder of holders) holder.kill('SIGKILL');
    server.kill('SIGKILL');
    await once(server, 'exit').catch(() => undefined);
    rmSync(data, { recursive: true, force: true });
  }
}
