import { type ChildProcess, spawn } from 'node:child_process';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { ProbeResult, ProbeTarget } from '@muster/contracts';
import { freePort, until } from '@muster/testing';
import { probe } from './probe.js';
import { Reach } from './reach.js';

const LIMIT_MS = 700;
const here = new Reach(['http://127.0.0.1:1']);
const servers: Server[] = [];
const sockets = new Set<Socket>();
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
const port = async (onConnection: (socket: Socket) => void): Promise<string> => `tcp://127.0.0.1:${await listen(createServer(onConnection))}`;
const http = async (listener: RequestListener): Promise<string> => `http://127.0.0.1:${await listen(createHttpServer(listener))}`;

const target = (more: Partial<ProbeTarget>): ProbeTarget => ({ nodeId: 'n', incarnation: 7, probeUrl: null, httpUrl: null, ...more });
const says = (answer: unknown) => (socket: Socket) => void socket.end(typeof answer === 'string' ? answer : `${JSON.stringify(answer)}\n`);
const answers = (body: unknown): RequestListener => (_, response) => void response.end(typeof body === 'string' ? body : JSON.stringify(body));
const self = { v: 1, nodeId: 'n', incarnation: 7, mainLagMs: 0 };

const atPort: ReadonlyArray<{ name: string; onConnection: (socket: Socket) => void; result: ProbeResult }> = [
  { name: 'the very process', onConnection: says(self), result: 'answered' },
  { name: 'another incarnation', onConnection: says({ ...self, incarnation: 8 }), result: 'refused' },
  { name: 'another node', onConnection: says({ ...self, nodeId: 'm' }), result: 'refused' },
  { name: 'a stranger', onConnection: says('220 smtp ready\n'), result: 'silent' },
  { name: 'an answer of a later version', onConnection: says({ ...self, v: 2 }), result: 'silent' },
  { name: 'somebody who talks without end', onConnection: (socket) => void socket.write('x'.repeat(100_000)), result: 'silent' },
  { name: 'somebody who hangs up', onConnection: (socket) => void socket.end(), result: 'silent' },
  { name: 'somebody who stops in the middle of a line', onConnection: (socket) => void socket.write('{"v":1'), result: 'silent' },
  { name: 'somebody who never says a word', onConnection: () => undefined, result: 'accepted' },
];
test.each(atPort)('a probe port that is $name is $result', async ({ onConnection, result }) => {
  expect(await probe(target({ probeUrl: await port(onConnection) }), LIMIT_MS, here)).toEqual({ result, mainLagMs: 0 });
});

const atHttp: ReadonlyArray<{ name: string; listener: RequestListener; result: ProbeResult }> = [
  { name: 'the very process', listener: answers({ status: 'ok', nodeId: 'n', incarnation: 7 }), result: 'answered' },
  { name: 'a process that does not tell its incarnation', listener: answers({ nodeId: 'n' }), result: 'answered' },
  { name: 'another incarnation', listener: answers({ nodeId: 'n', incarnation: 8 }), result: 'refused' },
  { name: 'another node', listener: answers({ nodeId: 'm', incarnation: 7 }), result: 'refused' },
  { name: 'a stranger', listener: answers('<html>'), result: 'silent' },
  { name: 'somebody who talks without end', listener: (_, response) => void response.end(Buffer.alloc(1_000_000, 'x')), result: 'silent' },
  { name: 'somebody who hangs up', listener: (_, response) => void response.destroy(), result: 'silent' },
  { name: 'somebody who begins and never ends', listener: (_, response) => void response.write('{'), result: 'silent' },
  { name: 'somebody who never answers', listener: () => undefined, result: 'accepted' },
];
test.each(atHttp)('a server that is $name is $result', async ({ listener, result }) => {
  expect(await probe(target({ httpUrl: await http(listener) }), LIMIT_MS, here)).toEqual({ result, mainLagMs: 0 });
});

test('a port where nobody listens is a refusal, whichever address a member has, TLS or not', async () => {
  const nobody = await freePort();
  for (const more of [{ probeUrl: `tcp://127.0.0.1:${nobody}` }, { httpUrl: `http://127.0.0.1:${nobody}` }, { httpUrl: `https://127.0.0.1:${nobody}` }]) {
    expect(await probe(target(more), LIMIT_MS, here)).toEqual({ result: 'refused', mainLagMs: 0 });
  }
});

test.each([{}, { httpUrl: 'http://name.invalid:80' }, { httpUrl: 'nonsense' }, { probeUrl: 'tcp://name.invalid:80' }, { probeUrl: 'tcp://127.0.0.1:99999' }])('%j proves nothing', async (more) => {
  expect((await probe(target(more), LIMIT_MS, here)).result).toBe('silent');
});

test('a server that speaks TLS is not taken for one that does not answer', async () => {
  const url = `https://127.0.0.1:${new URL(await http(() => undefined)).port}`;
  expect((await probe(target({ httpUrl: url }), LIMIT_MS, here)).result).toBe('silent');
});

test('the probe port tells for how long the main loop has not moved, and the main loop is not asked then', async () => {
  let asked = 0;
  const httpUrl = await http(() => void asked++);
  const probeUrl = await port(says({ ...self, mainLagMs: 900 }));
  expect(await probe(target({ httpUrl, probeUrl }), LIMIT_MS, here)).toEqual({ result: 'answered', mainLagMs: 900 });
  expect(asked).toBe(0);
});

test('an answer that came in time counts, although we ourselves stood still until after the limit', async () => {
  const server = spawn(process.execPath, ['-e', `require('node:net').createServer((s) => s.on('error', () => {}).end('${JSON.stringify(self)}\\n')).listen(0, '127.0.0.1', function () { console.log(this.address().port); })`], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(server);
  const at = await new Promise<string>((resolve) => server.stdout.once('data', (text: Buffer) => resolve(text.toString().trim())));
  // Again when the other process had no turn meanwhile.
  await until('its answer counts', async () => {
    const looking = probe(target({ probeUrl: `tcp://127.0.0.1:${at}` }), 50, here);
    // It is asked in the first turn of the loop; then nothing runs here for a while.
    await new Promise(setImmediate);
    const untilMs = performance.now() + 400;
    while (performance.now() < untilMs);
    return (await looking).result === 'answered';
  });
});

const silentPort = (): Promise<string> => port(() => undefined);
const gonePort = async (): Promise<string> => `tcp://127.0.0.1:${await freePort()}`;
const strange = (): Promise<string> => port(says('hello\n'));
const live = (): Promise<string> => http(answers({ nodeId: 'n', incarnation: 7 }));
const frozen = (): Promise<string> => http(() => undefined);
const gone = async (): Promise<string> => `http://127.0.0.1:${await freePort()}`;
const pairs: ReadonlyArray<{ name: string; probeUrl: () => Promise<string>; httpUrl: () => Promise<string>; result: ProbeResult }> = [
  { name: 'both refuse', probeUrl: gonePort, httpUrl: gone, result: 'refused' },
  { name: 'the port refuses and the main loop answers', probeUrl: gonePort, httpUrl: live, result: 'answered' },
  { name: 'the port refuses and the main loop stands still', probeUrl: gonePort, httpUrl: frozen, result: 'accepted' },
  { name: 'the port says nothing and the main loop answers', probeUrl: silentPort, httpUrl: live, result: 'answered' },
  { name: 'the port says nothing and HTTP refuses', probeUrl: silentPort, httpUrl: gone, result: 'accepted' },
  { name: 'both say nothing', probeUrl: silentPort, httpUrl: frozen, result: 'accepted' },
  { name: 'the port is a stranger and HTTP refuses', probeUrl: strange, httpUrl: gone, result: 'silent' },
];
test.each(pairs)('when $name, the member is $result', async ({ probeUrl, httpUrl, result }) => {
  expect((await probe(target({ probeUrl: await probeUrl(), httpUrl: await httpUrl() }), LIMIT_MS, here)).result).toBe(result);
});

test('a connection that breaks before a word is asked once more: it may have been the last moment of a process', async () => {
  const server = createServer((socket) => {
    socket.resetAndDestroy();
    server.close();
  });
  const at = await listen(server);
  servers.pop();
  expect((await probe(target({ probeUrl: `tcp://127.0.0.1:${at}` }), LIMIT_MS, here)).result).toBe('refused');
});

test('a process that is stopped is accepted by its kernel, and refused once it was killed', async () => {
  const script = `require('node:net').createServer((s) => s.on('error', () => {}).end('${JSON.stringify(self)}\\n')).listen(0, '127.0.0.1', function () { console.log(this.address().port); })`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const at = await new Promise<string>((resolve) => child.stdout.once('data', (text: Buffer) => resolve(text.toString().trim())));
  const look = async (): Promise<ProbeResult> => (await probe(target({ probeUrl: `tcp://127.0.0.1:${at}` }), LIMIT_MS, here)).result;
  await until('it answers', async () => (await look()) === 'answered');
  child.kill('SIGSTOP');
  expect(await look()).toBe('accepted');
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  expect(await look()).toBe('refused');
});
