import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { MemberStatusView, WatchMessage } from '@muster/contracts';
import { Verdicts } from './verdicts.js';

const view = (nodeId: string, facts: Partial<MemberStatusView> = {}): MemberStatusView => ({
  nodeId,
  incarnation: 1,
  status: 'HEALTHY',
  reason: 'for a test',
  service: 'node',
  zone: 'default',
  tags: {},
  resources: { cores: 1, memoryBytes: 1024 },
  httpUrl: null,
  probeUrl: null,
  marks: [],
  changedAtUnixMs: 0,
  index: 1,
  term: 1,
  healthScore: 100,
  healthTerms: [],
  phiScore: 0,
  lastHeartbeatTime: '2026-01-01T00:00:00.000Z',
  vitals: null,
  ...facts,
});

let server: Server;
const readers: ServerResponse[] = [];
let verdicts: Verdicts;
const LIMIT_MS = 45_000;

beforeEach(async () => {
  const connected = Promise.withResolvers<void>();
  server = createServer((_, response) => {
    readers.push(response);
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    connected.resolve();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  verdicts = new Verdicts();
  verdicts.follow(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await connected.promise;
});
afterEach(() => {
  verdicts.stop();
  server.closeAllConnections();
  server.close();
});

const frameOf = (message: WatchMessage): string => `event: ${message.kind}\nid: 1\ndata: ${JSON.stringify(message)}\n\n`;
function tell(nodeId: string, facts: Partial<MemberStatusView>): void {
  readers.at(-1)?.write(frameOf({ kind: 'member', index: 2, term: 1, from: 'HEALTHY', member: view(nodeId, facts) }));
}

test('a member without traffic is one that is SUSPECT, or marked; the first such turn counts', async () => {
  const sinceMs = performance.now();
  tell('a', { marks: ['damped'] });
  tell('a', { status: 'SUSPECT' });
  tell('a', { status: 'DOWN' });
  const down = await verdicts.down('a', sinceMs, LIMIT_MS);
  const lost = await verdicts.serving('a', false, sinceMs, LIMIT_MS);
  expect(lost).toMatchObject({ status: 'HEALTHY', isServing: false });
  expect(down.atMs).toBeGreaterThanOrEqual(lost.atMs);
  tell('a', { status: 'JOINING' });
  expect(await verdicts.serving('a', true, down.atMs, LIMIT_MS)).toMatchObject({ status: 'JOINING' });
});

test('verdicts about members that nothing was done to are mistakes, and only those', async () => {
  verdicts.expect('harmed');
  for (const nodeId of ['harmed', 'innocent', 'leaver']) tell(nodeId, { status: nodeId === 'leaver' ? 'LEAVING' : 'SUSPECT' });
  tell('harmed', { status: 'DOWN' });
  await verdicts.down('harmed', 0, LIMIT_MS);
  expect(verdicts.wrong().map(({ nodeId, status }) => [nodeId, status])).toEqual([['innocent', 'SUSPECT']]);
});

test('messages are read whole however they are cut on their way, and brakes are counted', async () => {
  const brake = { zone: null, reason: 'most are silent', sinceUnixMs: 0, holdsUntilUnixMs: 1, nodeIds: ['a'] };
  const text = frameOf({ kind: 'brakes', index: 3, term: 1, brakes: [brake] }) + frameOf({ kind: 'member', index: 4, term: 1, from: null, member: view('a', { status: 'HEALTHY' }) });
  for (const part of [text.slice(0, 10), text.slice(10, 150), text.slice(150)]) readers.at(-1)?.write(part);
  await verdicts.untilHealthy(['a'], LIMIT_MS);
  expect(verdicts.brakeCount).toBe(1);
});

test('what does not come is told with what is there instead', async () => {
  tell('a', { status: 'SUSPECT', reason: 'no heartbeat' });
  await verdicts.serving('a', false, 0, LIMIT_MS);
  await expect(verdicts.down('a', 0, 1)).rejects.toThrow('not seen within 1 ms: a DOWN; now: a SUSPECT  (no heartbeat)');
});
