/** A whole coordinator on a free port and a bus in memory, with nodes that beat and streams that are read; everything ends with `endAll`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Beat, type ClusterStatus, clusterStatusSchema, encodeBeat, HEARTBEATS_TOPIC } from '@muster/contracts';
import { type RunningService, startService } from '@muster/observability';
import { eventually } from '@muster/testing';
import { describeCoordinatorApi } from '../src/api-description.js';
import { AppModule } from '../src/app.module.js';
import { coordinatorSchema } from '../src/config.js';
import { beat } from './beats.js';
import { MemoryBus } from './memory-bus.js';

const closers: (() => unknown)[] = [];
let folder: string | null = null;

/** To be called after each test. */
export async function endAll(): Promise<void> {
  for (const close of closers.splice(0).toReversed()) await close();
  if (folder !== null) rmSync(folder, { recursive: true });
  folder = null;
}

/** Everything ten times as fast as by default. A second one in a test has the state of the first. */
export async function start(bus = new MemoryBus(), env: Record<string, string> = {}) {
  folder ??= mkdtempSync(join(tmpdir(), 'muster-coordinator-'));
  const service: RunningService = await startService({
    env: { MUSTER_HTTP_HOST: '127.0.0.1', MUSTER_HTTP_PORT: '0', MUSTER_NODE_ID: 'c1', MUSTER_RAFT_HOST: '127.0.0.1', MUSTER_RAFT_PORT: '0', MUSTER_RAFT_HEARTBEAT_MS: '20', MUSTER_RAFT_ELECTION_TIMEOUT_MS: '100', MUSTER_NODE_DATA_DIR: folder, MUSTER_HEARTBEAT_INTERVAL_MS: '100', MUSTER_FAILURE_TIMEOUT_MS: '1500', MUSTER_STABILISATION_PERIOD_MS: '1000', MUSTER_LOG_LEVEL: 'silent', ...env },
    service: 'coordinator',
    schema: coordinatorSchema,
    build: (config, host) => AppModule.forRoot(config, host, { bus }),
    describeApi: describeCoordinatorApi,
    configure: (app, config, host) => AppModule.listenTo(app, config, bus, host),
  });
  let isClosed = false;
  const close = async (): Promise<void> => {
    if (!isClosed) await service.close();
    isClosed = true;
  };
  closers.push(close);
  const url = `http://127.0.0.1:${service.port}`;
  const json = async (path: string, init?: RequestInit): Promise<{ code: number; body: unknown }> => {
    const response = await fetch(url + path, init);
    return { code: response.status, body: await response.json() };
  };
  const postTo = (path: string, body: unknown) => json(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: typeof body === 'string' ? body : JSON.stringify(body) });
  const post = (body: unknown) => postTo('/cluster/beats', body);
  const status = async (): Promise<ClusterStatus> => clusterStatusSchema.parse((await json('/cluster/status')).body);
  const until = (nodeId: string, wanted: string) => eventually(`${nodeId} is ${wanted}`, status, (seen) => seen.membership[nodeId]?.status === wanted);
  return { service, bus, url, json, postTo, post, status, until, close };
}

/** A node that beats every 100 ms over the bus or by HTTP, until told to stop. */
export function beating(more: Partial<Beat>, send: (beat: Beat) => Promise<unknown>) {
  let seq = 0;
  const startedMs = performance.now();
  const once = (state: Beat['state'] = 'running'): Promise<unknown> => send(beat({ intervalMs: 100, ...more, state, seq: (seq += 1), sentMonoMs: performance.now() - startedMs })).catch(() => undefined);
  void once();
  const timer = setInterval(() => void once(), 100);
  const stop = (): Promise<void> => Promise.resolve(clearInterval(timer));
  closers.push(stop);
  return { once, stop };
}
export const overBus = (bus: MemoryBus) => (it: Beat) => bus.publish(HEARTBEATS_TOPIC.name, [{ key: it.nodeId, value: encodeBeat(it) }]);

/** Collects the messages of a stream of server-sent events. */
export function stream(url: string, headers: Record<string, string> = {}) {
  const seen: { event: string; id: number | null; data: unknown }[] = [];
  let text = '';
  const request = get(url, { headers, agent: false }, (response) => {
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
        const fields = new Map(text.slice(0, end).split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
        text = text.slice(end + 2);
        const data = fields.get('data');
        if (data !== undefined) seen.push({ event: fields.get('event') ?? '', id: fields.has('id') ? Number(fields.get('id')) : null, data: JSON.parse(data) });
      }
    });
    response.on('error', () => undefined);
  });
  request.on('error', () => undefined);
  closers.push(() => request.destroy());
  return seen;
}
