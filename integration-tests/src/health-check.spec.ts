/** The image's health check, run as it is against services that are ready, not ready, silent and gone. */
import { execFile } from 'node:child_process';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { freePort } from '@muster/testing';
import { repositoryFile } from './repository.js';

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve).closeAllConnections())));
});

async function service(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return String((server.address() as AddressInfo).port);
}

function check(port: string | undefined): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const env = { PATH: process.env['PATH'], ...(port === undefined ? {} : { MUSTER_HTTP_PORT: port }) };
  return new Promise((resolve) => {
    const child = execFile('bash', [repositoryFile('docker/health-check.sh')], { env }, (_error, out, err) => resolve({ code: child.exitCode ?? -1, out, err }));
  });
}

describe('the health check of a container', () => {
  test.each([
    [200, 0, '{"status":"ready"}'],
    [503, 1, '{"status":"draining"}'],
    [404, 1, '{}'],
  ])('of a service that answers %d ends with %d and shows the answer', async (status, code, body) => {
    const asked: (string | undefined)[] = [];
    const port = await service((request, response) => {
      asked.push(request.url);
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
    expect(await check(port)).toEqual({ code, out: `${status} ${body}\n`, err: '' });
    expect(asked).toEqual(['/health/ready']);
  });

  test('shows no more of a long answer than a person reads', async () => {
    const port = await service((_request, response) => response.end('x'.repeat(10_000)));
    expect(await check(port)).toEqual({ code: 0, out: `200 ${'x'.repeat(400)}\n`, err: '' });
  });

  test('of a service that breaks off without an answer fails, and says so', async () => {
    const port = await service((request) => request.socket.destroy());
    expect(await check(port)).toMatchObject({ code: 1, out: expect.stringMatching(/^no answer/) });
  });

  test('fails where nobody listens', async () => {
    expect(await check(String(await freePort()))).toMatchObject({ code: 1, out: '', err: expect.stringContaining('Connection refused') });
  });

  test('says which setting it lacks', async () => {
    expect(await check(undefined)).toMatchObject({ code: 1, err: expect.stringContaining('MUSTER_HTTP_PORT is not set') });
  });
});
