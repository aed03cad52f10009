import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ProbeResult } from '@muster/evidence';
import { probeHttp } from './prober.js';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const answers = (body: unknown): RequestListener => (_, response) => void response.end(typeof body === 'string' ? body : JSON.stringify(body));
const cases: ReadonlyArray<{ name: string; listener: RequestListener; result: ProbeResult }> = [
  { name: 'the very process', listener: answers({ status: 'ok', nodeId: 'n', incarnation: 7 }), result: 'answered' },
  { name: 'a process that does not tell its incarnation', listener: answers({ nodeId: 'n' }), result: 'answered' },
  { name: 'another incarnation', listener: answers({ nodeId: 'n', incarnation: 8 }), result: 'refused' },
  { name: 'another node', listener: answers({ nodeId: 'm', incarnation: 7 }), result: 'refused' },
  { name: 'a stranger', listener: answers('<html>'), result: 'silent' },
  { name: 'somebody who talks without end', listener: (_, response) => void response.end(Buffer.alloc(1_000_000, 'x')), result: 'silent' },
  { name: 'somebody who hangs up', listener: (_, response) => void response.destroy(), result: 'silent' },
  { name: 'somebody who never answers', listener: () => undefined, result: 'silent' },
];
test.each(cases)('a probe that meets $name is $result', async ({ listener, result }) => {
  expect(await probeHttp({ nodeId: 'n', incarnation: 7, httpUrl: await serve(listener) })).toBe(result);
});

test('a port where nobody listens is a refusal', async () => {
  const url = await serve(answers(''));
  const server = servers.pop();
  await new Promise((resolve) => server?.close(resolve));
  expect(await probeHttp({ nodeId: 'n', incarnation: 7, httpUrl: url })).toBe('refused');
});

test.each(['https://127.0.0.1:1', 'http://name.invalid:80', 'nonsense'])('%s proves nothing', async (httpUrl) => {
  expect(await probeHttp({ nodeId: 'n', incarnation: 7, httpUrl })).toBe('silent');
});
