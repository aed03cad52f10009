import { connect, type Socket } from 'node:net';
import { until } from '@muster/testing';
import { ProbeServer } from './probe-server.js';

const sockets: Socket[] = [];
let server: ProbeServer;
let served = 0;
beforeEach(async () => {
  served = 0;
  server = await ProbeServer.listen({ host: '127.0.0.1', advertiseHost: '127.0.0.1', port: 0, answer: () => 'here', onServed: () => (served += 1) });
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
});

interface Asker {
  readonly socket: Socket;
  heard: string;
  isClosed: boolean;
}

/** Keeps its own side open whatever comes. */
function ask(): Asker {
  const socket = connect({ host: '127.0.0.1', port: server.port, allowHalfOpen: true });
  sockets.push(socket);
  const asker: Asker = { socket, heard: '', isClosed: false };
  socket.on('data', (text) => (asker.heard += String(text))).on('error', () => undefined).on('close', () => (asker.isClosed = true));
  return asker;
}

test('however many askers hold their connections open, the next one is answered', async () => {
  const askers = Array.from({ length: 300 }, ask);
  await until('all are answered', () => askers.every(({ heard }) => heard === 'here\n'));
  const late = ask();
  await until('the next one is answered', () => late.heard === 'here\n');
  expect(served).toBe(301);
  // Fewer on a slow machine, where some have lingered for long enough.
  expect(server['answered'].size).toBeLessThanOrEqual(64);
});

test('an asker that goes on talking is let go all the same', async () => {
  const asker = ask();
  const talking = setInterval(() => asker.socket.write('x'), 50);
  await until('it is let go', () => asker.isClosed);
  clearInterval(talking);
  expect(asker.heard).toBe('here\n');
});

test('closing lets go of those who linger: nothing is left behind', async () => {
  let asker = ask();
  await until('one was answered and lingers', () => {
    if (asker.isClosed) asker = ask();
    return asker.heard === 'here\n' && server['answered'].size > 0;
  });
  const lingering = [...server['answered']];
  server.close();
  expect(lingering.every(({ destroyed }) => destroyed)).toBe(true);
  const talking = setInterval(() => asker.socket.write('x'), 10);
  await until('it is let go', () => asker.isClosed);
  clearInterval(talking);
});
