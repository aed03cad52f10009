import { createServer, type Server } from 'node:net';
import { SERVER_ENV, SERVER_KINDS } from './found-server.js';
import { findServer } from './find-server.js';
import { findServers } from './find-servers.js';

const NOTHING_INSTALLED = { PATH: '', XDG_CACHE_HOME: '/nonexistent', DOCKER_HOST: 'unix:///nonexistent/docker.sock' };

/** A port where something listens that speaks none of the protocols. */
async function stranger(): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end('hello\r\n'.repeat(4));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { server, port: address.port };
}

describe('where there is no server', () => {
  test.each(['kafka', 'redis'] as const)('%s: every place gives its reason, and what to install', async (kind) => {
    const result = await findServer(kind, { env: NOTHING_INSTALLED });
    expect(result).toMatchObject({ found: false, kind });
    const reasons = result.found ? [] : result.reasons;
    expect(reasons).toHaveLength(3);
    expect(reasons[0]).toBe(`environment: ${SERVER_ENV[kind]} is not set`);
    expect(reasons[1]).toMatch(/^docker: no Docker engine at unix:\/\/\/nonexistent\/docker\.sock: .*ENOENT/);
    expect(reasons[2]).toMatch(/^local: .*apt-get install/);
  });

  test.each([
    ['kafka', (port: number) => `127.0.0.1:${port}`],
    ['postgres', (port: number) => `postgres://someone:secret@127.0.0.1:${port}/db`],
    ['redis', (port: number) => `redis://:secret@127.0.0.1:${port}`],
  ] as const)('%s: a variable that leads to something else is not believed, and no password is printed', async (kind, urlOf) => {
    const { server, port } = await stranger();
    const result = await findServer(kind, { env: { [SERVER_ENV[kind]]: urlOf(port) }, places: ['environment'] });
    server.close();
    expect(result).toMatchObject({ found: false });
    const text = JSON.stringify(result);
    expect(text).toContain(`${SERVER_ENV[kind]}=`);
    expect(text).toContain(String(port));
    expect(text).not.toContain('secret');
  });

  test.each(SERVER_KINDS)('%s: a variable that leads nowhere is refused at once', async (kind) => {
    const url = { kafka: '127.0.0.1:1,127.0.0.1:2', postgres: 'postgres://a@127.0.0.1:1/b', redis: 'redis://127.0.0.1:1' }[kind];
    const result = await findServer(kind, { env: { [SERVER_ENV[kind]]: url }, places: ['environment'] });
    expect(result).toMatchObject({ found: false, reasons: [expect.stringContaining('ECONNREFUSED')] });
  });
});

test('a Docker engine that accepts and never answers costs a few seconds and no more', async () => {
  const silent = createServer((socket) => socket.resume());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  const port = address === null || typeof address === 'string' ? 0 : address.port;
  const result = await findServer('redis', { env: { DOCKER_HOST: `tcp://127.0.0.1:${port}` }, places: ['docker'] });
  silent.close();
  expect(result).toMatchObject({ found: false, reasons: [expect.stringContaining('no answer within 5000 ms')] });
});

test('asking for several is all or nothing, with every reason', async () => {
  const search = findServers({ needed: ['kafka', 'redis'], env: NOTHING_INSTALLED });
  await expect(search).rejects.toThrow(/^no kafka: environment: .*\nno redis: environment: /);
});
