/** Three members of etcd, as it is packaged and with its own defaults, beside ours: the same writes, over its HTTP gateway. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { scratchFolder, until } from '@muster/test-cluster';
import { freePort } from '@muster/testing';
import { z } from 'zod';

const START_MS_MAX = 30_000;
/** A write that waits for a leader that is gone is asked again at the others after so long. */
const WRITE_MS_MAX = 250;
const statusSchema = z.object({ header: z.object({ member_id: z.string() }), leader: z.string().optional(), raftAppliedIndex: z.string().optional() });

interface Place {
  readonly name: string;
  readonly client: string;
  readonly peer: string;
}

export class EtcdProcesses {
  private readonly children = new Map<string, ChildProcess>();
  private readonly data = scratchFolder('etcd');

  private constructor(private readonly places: readonly Place[]) {}

  static async start(): Promise<EtcdProcesses> {
    const places: Place[] = [];
    for (const name of ['a', 'b', 'c']) places.push({ name, client: `http://127.0.0.1:${await freePort()}`, peer: `http://127.0.0.1:${await freePort()}` });
    const group = new EtcdProcesses(places);
    for (const { name } of places) group.run(name, 'new');
    await group.settled();
    return group;
  }

  /** Runs again with the data that it has. */
  run(name: string, state: 'new' | 'existing' = 'existing'): void {
    const { client, peer } = this.place(name);
    const cluster = this.places.map((place) => `${place.name}=${place.peer}`).join(',');
    const where = ['--listen-client-urls', client, '--advertise-client-urls', client, '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', cluster, '--initial-cluster-state', state];
    this.children.set(name, spawn('etcd', ['--name', name, '--data-dir', join(this.data, name), ...where], { stdio: 'ignore' }));
  }

  /** All run and know one leader: resolves with its name. */
  settled(): Promise<string> {
    return until('etcd to have a leader that all know', START_MS_MAX, async () => {
      const states = await Promise.all(this.places.map(async ({ name, client }) => ({ name, ...(await post(client, '/v3/maintenance/status', {}, 1000)) })));
      const [first] = states;
      if (first === undefined || states.some(({ leader }) => leader !== first.leader)) return undefined;
      return states.find(({ header }) => header.member_id === first.leader)?.name;
    }, 10);
  }

  /** One write, at all but `except` in turn, until one has committed it. */
  async commit(except = ''): Promise<void> {
    const others = this.places.filter(({ name }) => name !== except);
    const isDone = { yes: false };
    const lane = async ({ client }: Place): Promise<void> => {
      while (!isDone.yes) {
        if (await put(client, WRITE_MS_MAX)) isDone.yes = true;
        else await pause(1);
      }
    };
    await Promise.race(others.map(lane));
  }

  /** So many writes at the leader, so many at once; milliseconds each. */
  async many(count: number, lanes: number): Promise<{ readonly tookMs: number; readonly samples: readonly number[] }> {
    const { client } = this.place(await this.settled());
    const samples: number[] = [];
    let begun = 0;
    const startedMs = performance.now();
    const lane = async (): Promise<void> => {
      while (begun < count) {
        begun += 1;
        const sinceMs = performance.now();
        if (!(await put(client, START_MS_MAX))) throw new Error('etcd refused a write');
        samples.push(performance.now() - sinceMs);
      }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
    return { tookMs: performance.now() - startedMs, samples };
  }

  async kill(name: string): Promise<void> {
    const child = this.children.get(name);
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    this.children.delete(name);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.children.keys()].map((name) => this.kill(name)));
    rmSync(this.data, { recursive: true, force: true });
  }

  private place(name: string): Place {
    const found = this.places.find((place) => place.name === name);
    if (found === undefined) throw new RangeError(`no etcd ${name}`);
    return found;
  }
}

async function post(url: string, path: string, body: object, timeoutMs: number): Promise<z.infer<typeof statusSchema>> {
  const answer = await fetch(url + path, { method: 'POST', body: JSON.stringify(body), signal: AbortSignal.timeout(timeoutMs) });
  return statusSchema.parse(await answer.json());
}

const VALUE = btoa('x'.repeat(128));

async function put(url: string, timeoutMs: number): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/v3/kv/put`, { method: 'POST', body: JSON.stringify({ key: btoa('key'), value: VALUE }), signal: AbortSignal.timeout(timeoutMs) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}
