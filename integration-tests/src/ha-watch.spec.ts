/** The programs behind `test-ha-cluster.sh` against coordinators that are not what they should be: they have to notice, and say so by their exit code. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@muster/testing';
import { repositoryFile } from './repository.js';

/** For the programs to start, ask and end. */
const LIMIT_MS = 60_000;
/** What is there is asked for until it is seen. */
const PATIENCE_MS = '30000';
/** What is not there is waited for in vain. */
const IMPATIENCE_MS = '300';
const servers: Server[] = [];
const children: ChildProcess[] = [];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-ha-'));
  writeFileSync(join(folder, 'harmed'), '');
  writeFileSync(join(folder, 'facts'), '');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true, force: true });
});

interface Play {
  /** Who leads, as each of a, b and c says. */
  readonly leaders?: Readonly<Record<string, string>>;
  /** True when changes are acknowledged and forgotten. */
  readonly forgets?: boolean;
  readonly lanesOpen?: number;
}

/** Three coordinators in one, each at a port of its own, which share one index. Also a gateway. */
async function stage({ leaders = { a: 'a', b: 'a', c: 'a' }, forgets = false, lanesOpen = 2 }: Play): Promise<Record<string, string>> {
  let index = 10;
  const indexOf = new Map<string, number>();
  const urls: Record<string, string> = {};
  for (const nodeId of ['a', 'b', 'c']) {
    const leaderId = leaders[nodeId];
    const member = (name: string): object => ({ nodeId: name, status: 'HEALTHY', index: indexOf.get(name) ?? 1, lastHeartbeatTime: new Date().toISOString() });
    const answer = (method: string, path: string): object | string => {
      if (path.startsWith('/raft/status')) return { nodeId, storeId: nodeId, clusterId: 'x', state: leaderId === nodeId ? 'leader' : 'follower', term: 4, leaderId, commitIndex: index, appliedIndex: index, hasQuorum: true, peers: ['a', 'b', 'c'].map((name) => ({ nodeId: name, voter: true })) };
      if (path.startsWith('/metrics')) return `coordinator_lanes_open ${lanesOpen}\n`;
      if (path.startsWith('/cluster/status')) return { index, term: 4, hasQuorum: true, membership: { a: member('a'), b: member('b'), c: member('c') } };
      const target = path.split('/')[3]?.split('?')[0] ?? '';
      if (method === 'GET') return member(target);
      index++;
      if (!forgets) indexOf.set(target, index);
      return { changed: true, index, term: 4 };
    };
    const server = createServer((request, response) => {
      const body = answer(request.method ?? '', request.url ?? '');
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    urls[nodeId] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  return urls;
}

const named = (urls: Readonly<Record<string, string>>): string => Object.entries(urls).map(([name, url]) => `${name}=${url}`).join(',');

function start(program: string, ...args: string[]): { readonly child: ChildProcess; readonly ended: Promise<{ code: number | null; out: string; err: string }> } {
  const child = spawn(process.execPath, [repositoryFile(`integration-tests/lib/${program}`), ...args]);
  children.push(child);
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return { child, ended: once(child, 'close').then(([code]) => ({ code: code as number | null, out, err })) };
}

const watch = (urls: Readonly<Record<string, string>>) => start('ha-watch.mjs', urls['a'] ?? '', '--coordinators', named(urls), '--facts', join(folder, 'facts'), '--harmed', join(folder, 'harmed'), '--run', 'spec');
const facts = (kind: string): object[] => readFileSync(join(folder, 'facts'), 'utf8').split('\n').filter((line) => line.includes(`"kind":"${kind}"`) && line.endsWith('}')).map((line) => JSON.parse(line) as object);

test('a group that keeps its promises is watched until the watch is ended, and its changes are written down', async () => {
  const { child, ended } = watch(await stage({}));
  await eventually('six changes are acknowledged', () => facts('acknowledged').length, (count) => count >= 6);
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ code: 0, err: '' });
  expect(facts('leads')).toMatchObject([{ nodeId: 'a', term: 4 }]);
  expect(facts('ended')).toMatchObject([{ leaders: [{ term: 4, leaderId: 'a' }] }]);
}, LIMIT_MS);

test.each([
  ['two coordinators that lead in one term', { leaders: { a: 'a', b: 'b', c: 'a' } }, /two leaders in term 4/],
  ['a follower that follows another leader than the rest', { leaders: { a: 'a', b: 'a', c: 'b' } }, /two leaders in term 4: \w, and \w as/],
  ['a change that was acknowledged and is not there any more', { forgets: true }, /a linearizable read at \w lost an acknowledged change/],
])('%s end the watch with 1', async (_what, play, err) => {
  const { ended } = watch(await stage(play));
  expect(await ended).toMatchObject({ code: 1, err: expect.stringMatching(err) });
  expect(facts('broken').length).toBeGreaterThan(0);
}, LIMIT_MS);

test.each([
  ['agreed', {}, [], 0, ''],
  ['agreed', { leaders: { a: 'a', b: 'a', c: 'b' } }, [], 1, /no agreement on a leader/],
  ['agreed', {}, ['--not', 'a'], 1, /no agreement on a leader/],
  ['agents', {}, ['--node', 'a', '--since', '0'], 0, ''],
  ['agents', { lanesOpen: 1 }, ['--node', 'a', '--since', '0'], 1, /1 of 2 members have no direct lane to a/],
  ['agents', {}, ['--node', 'a', '--since', String(Date.now() + 86_400_000)], 1, /a has not heard from b, c since it leads/],
  ['read-only', {}, ['--node', 'b'], 1, /still says follower, quorum true/],
  ['caught-up', {}, ['--node', 'b'], 0, ''],
] as const)('asked whether %s, of %j with %j, it ends with %i', async (question, play, args, code, err) => {
  const { ended } = start('ha-probe.mjs', question, '--coordinators', named(await stage(play)), '--within', code === 0 ? PATIENCE_MS : IMPATIENCE_MS, ...args);
  expect(await ended).toMatchObject({ code, err: expect.stringMatching(err === '' ? /^$/ : err) });
}, LIMIT_MS);
