import { randomInt } from 'node:crypto';
import { type AddressInfo, createServer, type Server } from 'node:net';
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

test('a port that is listened on is not given out, nor one that was given out before', async () => {
  const given = await freePort();
  const server = createServer();
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const taken = [(server.address() as AddressInfo).port, given];
  const draws = [...taken];
  const other = await freePort(() => draws.shift() ?? randomInt(20_000, 32_768));
  expect(draws).toEqual([]);
  expect(taken).not.toContain(other);
});
