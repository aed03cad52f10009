/** A7, A8, A14: what `npm start` starts is a cluster of real processes, which the scripts of this folder can prove themselves on. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '@muster/testing';

interface Row {
  readonly name: string;
  readonly role: string;
  readonly nodeId: string | null;
  readonly pid: number | null;
  readonly httpUrl: string | null;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const muster = join(root, 'apps', 'cli', 'dist', 'main.js');
const GATEWAY_PORT = 8080;
/** All that the cluster listens on, before it is moved. */
const PORTS = [7081, 7181, 7281, GATEWAY_PORT, 8081, 8082, 8083, 8092, 8181, 8281];
/** Systems give out ports from here on to whoever connects. */
const BEYOND_PORTS = 32_768;
/** Shorter than in production, so that a rejoin can be awaited; long enough that nobody who stands still for some seconds misses it. */
const settings = { MUSTER_STABILISATION_PERIOD_MS: '6000' };
/**
 * What is promised to users is measured by benchmarks, and that no request of a reader fails is shown by specs of the gateway's proxy: a test that
 * a slow machine fails says nothing about the code. Records that were under way at the kill may fail: they are not sent twice.
 */
const patience = { LEADER_MS_MAX: '30000', REJOIN_MS_MAX: '90000', DOWN_MS_MAX: '30000', AVAILABILITY_MIN: '90' };
const START_MS_MAX = 180_000;
const HEALTHY_MS_MAX = 200_000;

let cwd: string;
let portOffset: number;
let up: ChildProcess;
let printed = '';

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'muster-start-'));
  portOffset = await freeOffset();
  up = spawn(process.execPath, [muster, 'up', '--producers', '2', '--port-offset', String(portOffset)], { cwd, env: { ...process.env, ...settings }, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [up.stdout, up.stderr]) stream?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  await eventually('all members are HEALTHY', () => printed.includes('all HEALTHY'), START_MS_MAX);
}, START_MS_MAX + 10_000);

afterAll(async () => {
  if (up?.exitCode === null && up.signalCode === null) {
    up.kill('SIGTERM');
    await eventually('`up` has stopped', () => up.exitCode !== null || up.signalCode !== null, 40_000);
  }
  rmSync(cwd, { recursive: true, force: true });
}, 300_000);

/** Moves the cluster away from one that a developer may have running, to where nobody listens. */
async function freeOffset(): Promise<number> {
  for (;;) {
    const offset = (await freePort()) - GATEWAY_PORT;
    const others = PORTS.filter((port) => port !== GATEWAY_PORT).map((port) => port + offset);
    if (Math.max(...others) >= BEYOND_PORTS) continue;
    const given = await Promise.all(others.map((port) => freePort(() => port).catch(() => null)));
    if (!given.includes(null)) return offset;
  }
}

async function eventually(claim: string, holds: () => boolean, deadlineMs: number): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!holds()) {
    if (performance.now() > endMs || up.exitCode === 1) throw new Error(`not within ${deadlineMs} ms: ${claim}. \`up\` said:\n${printed}`);
    await pause(100);
  }
}

function call(command: string, args: readonly string[]): { code: number | null; out: string } {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, ...settings, ...patience, BASE_URL: `http://127.0.0.1:${GATEWAY_PORT + portOffset}`, MUSTER_CWD: cwd } });
  return { code: status, out: `${stdout}${stderr}` };
}
const processes = (): Row[] => JSON.parse(call(process.execPath, [muster, 'ps', '--json']).out) as Row[];
const isAlive = (pid: number): boolean => {
  try {
    // A zombie has ended; only whoever started it has not heard of that yet.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

test('ps --json names every process with its role, node, pid and address', () => {
  expect(processes().map(({ name, role, nodeId, httpUrl }) => [name, role, nodeId, httpUrl === null ? null : Number(new URL(httpUrl).port) - portOffset])).toEqual([
    ['bus', 'bus', null, null],
    ['coordinator-1', 'coordinator', 'coordinator-1', 8081],
    ['coordinator-2', 'coordinator', 'coordinator-2', 8181],
    ['coordinator-3', 'coordinator', 'coordinator-3', 8281],
    ['producer-1', 'producer', 'producer-1', 8082],
    ['consumer-1', 'consumer', 'consumer-1', 8083],
    ['gateway-1', 'gateway', 'gateway-1', 8080],
    ['producer-2', 'producer', 'producer-2', 8092],
  ]);
  expect(processes().every(({ pid }) => pid !== null && isAlive(pid))).toBe(true);
});

test('test-cluster-health.sh finds it healthy', () => {
  const look = () => call('bash', [join(root, 'integration-tests', 'test-cluster-health.sh'), '--hold', '4']);
  const endMs = performance.now() + HEALTHY_MS_MAX;
  let { code, out } = look();
  // Who stands still for a second on a busy machine is not HEALTHY then, and the script is right to say so.
  while (code === 1 && performance.now() < endMs) ({ code, out } = look());
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('started by npm start') });
}, 300_000);

test('simulate-failure.sh kills a producer, every promise is kept, and `up` tells the story', async () => {
  const { code, out } = call('bash', [join(root, 'integration-tests', 'simulate-failure.sh')]);
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('Every promise was kept in 1 of 1 runs.') });
  await eventually('`up` shows the way down and back', () => /(HEALTHY|DEGRADED|SUSPECT) → DOWN[^]*DOWN → JOINING[^]*JOINING → (HEALTHY|DEGRADED)/.test(printed), 60_000);
}, 300_000);

test('load-test.sh kills a producer under load, and every acknowledged record is stored', () => {
  const { code, out } = call('bash', [join(root, 'integration-tests', 'load-test.sh'), '--duration', '20', '--rate', '40']);
  expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/records stored +\d+ +as many, /) });
}, 300_000);

test('E9: test-ha-cluster.sh harms the coordinators, every promise is kept, and the report says how', () => {
  const report = join(cwd, 'report.md');
  const { code, out } = call('bash', [join(root, 'integration-tests', 'test-ha-cluster.sh'), '--report', report]);
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('Every promise was kept.') });
  expect(readFileSync(report, 'utf8')).toMatch(/\*\*Every promise was kept\.\*\*[^]*\| leader killed: longest time without an acknowledged change \| \d/);
}, 300_000);

test('nothing is left when `muster up` itself is killed with -9', async () => {
  const pids = processes().flatMap(({ pid }) => (pid === null ? [] : [pid]));
  expect(pids).toHaveLength(8);
  up.kill('SIGKILL');
  await eventually('every child has stopped', () => !pids.some(isAlive), 60_000);
  expect(call(process.execPath, [muster, 'ps']).code).toBe(3);
}, 300_000);
