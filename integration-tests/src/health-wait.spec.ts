/** What test-cluster-health.sh waits for: members on trial for as long as the cluster itself says, and no longer. Against a gateway that is made up. */
import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { repositoryFile } from './repository.js';

interface Told {
  readonly status: string;
  /** Until when it is on trial, from the start of the test. Milliseconds; null when the cluster does not say. */
  readonly trialMs: number | null;
}

let server: Server;
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve).closeAllConnections());
});

/** Asks `tell` anew for each look. */
async function gateway(tell: () => Told): Promise<string> {
  const startUnixMs = Date.now();
  server = createServer((request, response) => {
    const { status, trialMs } = tell();
    const why = { status, marks: [], admission: trialMs === null ? null : { beats: 3, notBeforeUnixMs: startUnixMs + trialMs } };
    const isWhy = request.url?.endsWith('/why') === true;
    response.setHeader('content-type', 'application/json').end(JSON.stringify(isWhy ? why : { membership: { a: { nodeId: 'a', status, reason: 'back after DOWN' } } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function waitHealthy(url: string, withinMs: number): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const child = spawn(process.execPath, [repositoryFile('integration-tests/lib/cluster-probe.mjs'), 'healthy', url, '--within', String(withinMs)]);
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}

test('a member that failed before is waited for as long as the cluster says, however short the wait for others', async () => {
  let looks = 0;
  const url = await gateway(() => ({ status: ++looks > 6 ? 'HEALTHY' : 'JOINING', trialMs: 120_000 }));
  const { code, err } = await waitHealthy(url, 0);
  expect({ code, err }).toEqual({ code: 0, err: expect.stringMatching(/^ {4}a is JOINING: it failed before, and is HEALTHY again in 1\d\d s at the earliest\n$/) });
});

test('a member that is not well and not on trial is named when the wait is over', async () => {
  const { code, out } = await waitHealthy(await gateway(() => ({ status: 'DEGRADED', trialMs: null })), 0);
  expect({ code, ...(JSON.parse(out) as object) }).toMatchObject({ code: 1, sick: ['a is DEGRADED (back after DOWN)'] });
});

test('a trial that is over, and did not make it HEALTHY, is not waited for', async () => {
  expect((await waitHealthy(await gateway(() => ({ status: 'JOINING', trialMs: -60_000 })), 0)).code).toBe(1);
});

test('a gateway that does not answer is named', async () => {
  const url = await gateway(() => ({ status: 'HEALTHY', trialMs: null }));
  server.removeAllListeners('request').on('request', (_request, response: { destroy(): void }) => response.destroy());
  const { code, out } = await waitHealthy(url, 0);
  expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining('the gateway does not answer') });
});
