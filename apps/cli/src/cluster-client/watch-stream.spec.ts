import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@muster/testing';
import { watchCluster, type WatchListener } from './watch-stream.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(answer: (response: ServerResponse) => void): Promise<string> {
  const server = createServer((_request, response) => answer(response));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const open = (response: ServerResponse, ...data: string[]): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const each of data) response.write(`data: ${each}\n\n`);
};
const removed = (nodeId: string): string => JSON.stringify({ kind: 'removed', index: 1, term: 1, nodeId });

/** Watches until `isEnough`, and hands back what was told, in order. */
async function watched(urls: readonly string[], isEnough: (told: readonly string[]) => boolean): Promise<string[]> {
  const told: string[] = [];
  const end = new AbortController();
  const listener: WatchListener = {
    onMessage: (message) => told.push(message.kind === 'removed' ? message.nodeId : message.kind),
    onConnected: () => told.push('connected'),
    onLost: (_url, why) => told.push(`lost: ${why}`),
  };
  const watching = watchCluster(urls, listener, end.signal);
  try {
    return await eventually('enough is told', () => told, isEnough);
  } finally {
    end.abort();
    await watching;
  }
}

test('messages come in their order; kinds that nobody knows and what is no JSON are skipped', async () => {
  const url = await serve((response) => open(response, removed('a'), '{"kind":"of tomorrow"}', 'nonsense', 'null', '{"kind":"brakes","index":1,"term":1,"brakes":[]}', removed('b')));
  expect(await watched([url], (told) => told.includes('b'))).toEqual(['connected', 'a', 'brakes', 'b']);
});

test('a stream that ends is lost once, and opened again', async () => {
  let turn = 0;
  const url = await serve((response) => {
    open(response, removed(String(++turn)));
    if (turn === 1) response.end();
  });
  expect(await watched([url], (told) => told.includes('2'))).toEqual(['connected', '1', 'lost: closed the stream', 'connected', '2']);
});

test('while another address streams nothing is lost: it is tried when one refuses, does not stream or ends', async () => {
  const refuses = await serve((response) => response.writeHead(404).end());
  const ends = await serve((response) => {
    open(response, removed('a'));
    response.end();
  });
  const streams = await serve((response) => open(response, removed('b')));
  expect(await watched([refuses, 'http://127.0.0.1:9', ends, streams], (told) => told.includes('b'))).toEqual(['connected', 'a', 'connected', 'b']);
});

test('that nobody streams is told once, with what the last of them said, until somebody does', async () => {
  let turn = 0;
  const refuses = await serve((response) => {
    if (++turn < 4) response.writeHead(503).end();
    else open(response, removed('a'));
  });
  expect(await watched(['http://127.0.0.1:9', refuses], (told) => told.includes('a'))).toEqual(['lost: answered 503', 'connected', 'a']);
});

test('ends when told to, connected or not, however much there is still to be told', async () => {
  const talking: NodeJS.Timeout[] = [];
  const url = await serve((response) => {
    open(response, removed('a'));
    talking.push(setInterval(() => response.write(`data: ${removed('b')}\n\n`), 20));
  });
  try {
    expect(await watched([url], (told) => told.includes('b'))).toEqual(expect.arrayContaining(['connected', 'a', 'b']));
    expect(await watched(['http://127.0.0.1:9'], (told) => told.length > 0)).toEqual([expect.stringContaining('lost: ')]);
  } finally {
    talking.forEach(clearInterval);
  }
});
