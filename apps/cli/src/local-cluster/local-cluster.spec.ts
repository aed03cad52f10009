import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '@muster/testing';
import { LocalCluster, type LocalClusterListener, StartFailed } from './local-cluster.js';
import { startTokenOf } from './process-identity.js';
import type { ProcessSpec } from './process-spec.js';

/** Listens on its socket, and by then stops on SIGTERM. */
const GOOD = `process.on('SIGTERM', () => process.exit(0)); require('net').createServer().listen(process.env.SOCKET)`;
const DEAF = `process.on('SIGTERM', () => {}); require('net').createServer().listen(process.env.SOCKET)`;
const BROKEN = `console.log('starting'); console.error('cannot go on: no disk'); process.exit(7)`;
const PARENT_GUARD = fileURLToPath(new URL('../parent-guard.ts', import.meta.url));

let folder: string;
let clusters: LocalCluster[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-spec-'));
  clusters = [];
});
afterEach(async () => {
  for (const cluster of clusters) await cluster.stop(AbortSignal.abort(), () => {});
  rmSync(folder, { recursive: true, force: true });
});

const spec = (name: string, script: string, stopStage = 0, startsAfter: readonly string[] = []): ProcessSpec => {
  const socket = join(folder, `${name}.sock`);
  return { name, role: 'node', nodeId: name, httpUrl: null, ports: [], args: ['-e', script], env: { SOCKET: socket }, readiness: { kind: 'socket', path: socket }, startsAfter, stopStage };
};

function launch(specs: ProcessSpec[], listener: Partial<LocalClusterListener> = {}): LocalCluster {
  const silent: LocalClusterListener = { onReady() {}, onEnded() {}, onStopped() {}, onChange() {} };
  const cluster = new LocalCluster({ specs, nodePath: process.execPath, nodeArgs: [], env: { PATH: process.env['PATH'] }, logsFolder: join(folder, 'logs'), listener: { ...silent, ...listener } });
  clusters.push(cluster);
  return cluster;
}

describe('a local cluster', () => {
  test('nobody starts before those it depends on answer', async () => {
    const ready: string[] = [];
    await launch([spec('last', GOOD, 0, ['second']), spec('second', GOOD, 0, ['first']), spec('first', GOOD)], { onReady: (row) => ready.push(row.name) }).start();
    expect(ready).toEqual(['first', 'second', 'last']);
  });

  test('a process that ends before it is ready fails the start, with its last words', async () => {
    const failure = await launch([spec('good', GOOD), spec('broken', BROKEN)]).start().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StartFailed);
    expect((failure as StartFailed).message).toBe('broken ended with exit code 7 while it was starting');
    expect((failure as StartFailed).lastLines).toEqual(['starting', 'cannot go on: no disk']);
  });

  test('a killed process is noticed, keeps its row, and runs again when it is started', async () => {
    const ended: string[] = [];
    const cluster = launch([spec('a', GOOD)], { onEnded: (row, exit) => ended.push(`${row.name} ${exit.signal} ${row.state}`) });
    await cluster.start();
    const before = cluster.rows()[0]?.pid;
    expect(await cluster.kill('a')).toEqual({ kind: 'killed', pid: before });
    expect(ended).toEqual(['a SIGKILL killed']);
    expect(cluster.rows()[0]).toMatchObject({ name: 'a', pid: null, state: 'killed' });
    rmSync(join(folder, 'a.sock'), { force: true });
    const again = await cluster.startAgain('a');
    expect(again).toMatchObject({ kind: 'started' });
    expect(cluster.rows()[0]?.pid).not.toBe(before);
    expect(cluster.rows()[0]?.state).toBe('running');
  });

  test('one that is stopped by name ends by itself while the others go on, and runs again when it is started', async () => {
    const heard: string[] = [];
    const cluster = launch([spec('a', GOOD), spec('b', GOOD)], { onEnded: (row) => heard.push(`${row.name} ended`), onStopped: (row, isGraceful) => heard.push(`${row.name} stopped ${isGraceful}`) });
    await cluster.start();
    const [a, b] = cluster.rows();
    expect(await cluster.stopOne('a')).toEqual({ kind: 'stopped', pid: a?.pid });
    expect(heard).toEqual(['a stopped true']);
    expect(cluster.rows()).toMatchObject([{ name: 'a', pid: null, state: 'exited' }, { name: 'b', pid: b?.pid, state: 'running' }]);
    expect(await cluster.stopOne('a')).toEqual({ kind: 'not-running' });
    expect(await cluster.stopOne('c')).toEqual({ kind: 'unknown-name', known: ['a', 'b'] });
    rmSync(join(folder, 'a.sock'), { force: true });
    expect(await cluster.startAgain('a')).toMatchObject({ kind: 'started' });
  });

  test('a kill from outside is noticed as well', async () => {
    const ended: string[] = [];
    const cluster = launch([spec('a', GOOD)], { onEnded: (row) => ended.push(row.name) });
    await cluster.start();
    process.kill(cluster.rows()[0]?.pid ?? 0, 'SIGKILL');
    await until('its end to be told', () => ended.length === 1);
  });

  test('names that make no sense are answered with what would', async () => {
    const cluster = launch([spec('a', GOOD), spec('b', GOOD)]);
    await cluster.start();
    expect(await cluster.kill('c')).toEqual({ kind: 'unknown-name', known: ['a', 'b'] });
    expect(await cluster.startAgain('a')).toEqual({ kind: 'running', pid: cluster.rows()[0]?.pid });
    await cluster.kill('a');
    expect(await cluster.kill('a')).toEqual({ kind: 'not-running' });
  });

  test('stops the last stage first, and asking to stop is not reported as an accident', async () => {
    const ended: string[] = [];
    const stopped: string[] = [];
    const cluster = launch([spec('bus', GOOD, 0), spec('member', GOOD, 1)], { onEnded: (row) => ended.push(row.name) });
    await cluster.start();
    await cluster.stop(new AbortController().signal, (row, isGraceful) => stopped.push(`${row.name} ${isGraceful}`));
    expect(stopped).toEqual(['member true', 'bus true']);
    expect(ended).toEqual([]);
  });

  test('a second Ctrl-C kills what does not stop', async () => {
    const cluster = launch([spec('deaf', DEAF)]);
    await cluster.start();
    const pid = cluster.rows()[0]?.pid ?? 0;
    const stopped: boolean[] = [];
    const atOnce = new AbortController();
    const stopping = cluster.stop(atOnce.signal, (_row, isGraceful) => stopped.push(isGraceful));
    atOnce.abort();
    await stopping;
    expect(stopped).toEqual([false]);
    expect(startTokenOf(pid)).toBeNull();
  });
});

test('a child stops by itself when its parent is killed with -9', async () => {
  const socket = join(folder, 'orphan.sock');
  const child = `process.on('SIGTERM', () => { require('fs').writeFileSync('${folder}/asked', ''); process.exit(0) }); require('net').createServer().listen('${socket}')`;
  const parent = `const c = require('child_process').spawn(process.execPath, ['--import', ${JSON.stringify(PARENT_GUARD)}, '-e', ${JSON.stringify(child)}], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] }); console.log(String(c.pid))`;
  const up = spawn(process.execPath, ['-e', parent], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(up.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  await until('the socket to be there', () => existsSync(socket));
  up.kill('SIGKILL');
  await until('the process to be gone', () => startTokenOf(pid) === null);
  expect(existsSync(join(folder, 'asked'))).toBe(true);
});
