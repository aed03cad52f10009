import { createServer, type Server } from 'node:net';
import { freePort } from './free-port.js';

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

test('the port can be listened on, and is none that a server gets that asks for any', async () => {
  const port = await freePort();
  expect(port).toBeLessThan(32_768);
  const server = createServer();
  open.push(server);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
});

test('a port that is listened on is not given out', async () => {
  const ports = new Set<number>();
  for (let count = 0; count < 200; count += 1) {
    const port = await freePort();
    expect(ports).not.toContain(port);
    ports.add(port);
    const server = createServer();
    open.push(server);
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  }
});
