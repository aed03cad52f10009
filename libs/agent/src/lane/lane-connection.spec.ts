import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type CoordinatorMessage, LANE_LINE_BYTES_MAX, LANE_PATH, LANE_PROTOCOL } from '@muster/contracts';
import { until } from '@muster/testing';
import { sampleBeat } from '../../testing/sample-beat.js';
import { LaneConnection } from './lane-connection.js';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0).toReversed()) close();
});

/** A connection to a server that answers the upgrade with 101 and `more` in one piece, and then does not read. */
async function connected(more: string) {
  const heard: CoordinatorMessage[] = [];
  let isOpen = false;
  const server: Server = createServer();
  server.on('upgrade', (_, stream) => {
    const socket = stream as Socket;
    socket.on('error', () => undefined).pause();
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${LANE_PROTOCOL}\r\n\r\n${more}`);
    closers.push(() => socket.destroy());
    isOpen = true;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => void server.close());
  const connection = new LaneConnection({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    wire: { path: LANE_PATH, protocol: LANE_PROTOCOL, lineBytesMax: LANE_LINE_BYTES_MAX },
    hello: { v: 1, kind: 'hello', nodeId: 'n', incarnation: 7 },
    onMessage: (message) => void heard.push(message),
    onUnread: () => undefined,
    onEnd: () => undefined,
  });
  closers.push(() => connection.close('the test ended'));
  await until('it is open', () => isOpen);
  return { connection, heard };
}

const WELCOME = `${JSON.stringify({ v: 1, kind: 'welcome', coordinatorId: 'c1', knownIncarnation: null })}\n`;

test('what comes in one piece with the answer to the upgrade is read', async () => {
  const { heard } = await connected(WELCOME);
  await until('it is heard', () => heard.length === 1);
});

test('a coordinator that does not read gets no more than it can hold: what would pile up is refused', async () => {
  const { connection, heard } = await connected(WELCOME);
  await until('it is welcomed', () => heard.length === 1);
  const beat = { ...sampleBeat, tags: { filler: 'x'.repeat(60_000) } };
  // The kernel takes some megabytes before anything waits here.
  let sent = 0;
  while (sent < 1000 && connection.send({ v: 1, kind: 'beat', beat })) sent += 1;
  expect(sent).toBeGreaterThan(0);
  expect(sent).toBeLessThan(1000);
});
