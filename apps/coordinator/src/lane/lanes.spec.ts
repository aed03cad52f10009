import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Beat, type BeatResult, LANE_LINE_BYTES_MAX, type MemberMark, type MemberRecord } from '@muster/contracts';
import type { Change } from '@muster/membership';
import { eventually } from '@muster/testing';
import { beat } from '../../testing/beats.js';
import { hello, type LaneClient, laneClient } from '../../testing/lane-client.js';
import { Lanes } from './lanes.js';

const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** Lanes on a server of their own, and notes of all that they did. */
async function start(options: { lanesMax?: number; marks?: MemberMark[]; isStarting?: boolean } = {}) {
  const seen = { changes: [] as string[], beats: [] as Beat[], cut: [] as string[], refused: [] as string[] };
  const record = (marks: readonly MemberMark[]) => ({ nodeId: 'n', incarnation: 7, marks, index: 3 }) as unknown as MemberRecord;
  const lanes = new Lanes({
    coordinatorId: 'c1',
    lanesMax: options.lanesMax ?? 10,
    beat: (it): BeatResult => {
      seen.beats.push(it);
      return { nodeId: it.nodeId, outcome: 'accepted', knownIncarnation: it.incarnation };
    },
    knownIncarnation: () => 7,
    changed: (nodeId, incarnation, is) => void seen.changes.push(`${nodeId}/${incarnation} ${is}`),
    member: () => record(options.marks ?? []),
    metrics: { laneMessage: () => undefined, laneCut: (reason) => void seen.cut.push(reason), laneRefused: (code) => void seen.refused.push(code) },
    logger,
  });
  if (options.isStarting !== true) lanes.open();
  const server: Server = createServer((_, response) => void response.end());
  server.on('upgrade', (request, socket, head) => lanes.upgrade(request, socket, head));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise((resolve) => server.close(resolve)), () => lanes.close());
  const { port } = server.address() as AddressInfo;
  const open = (request?: string): LaneClient => {
    const client = laneClient(port, request);
    closers.push(() => client.socket.destroy());
    return client;
  };
  /** A lane whose agent said who it is and was welcomed. */
  const welcomed = async (nodeId = 'n', incarnation = 7): Promise<LaneClient> => {
    const client = open();
    client.say(hello(nodeId, incarnation));
    await eventually('it is welcomed', () => client.heard.length, (count) => count >= 2);
    return client;
  };
  const marked = (marks: readonly MemberMark[], reason: string): Change => ({ kind: 'updated', index: 1, term: 1, ordinal: 0, atUnixMs: 0, member: record(marks), reason });
  return { lanes, seen, port, open, welcomed, marked };
}

test('who says hello is welcomed with what is known of it, told what operators want, and open', async () => {
  const it = await start();
  const client = await it.welcomed();
  expect(client.heard).toEqual([{ v: 1, kind: 'welcome', coordinatorId: 'c1', knownIncarnation: 7 }, { v: 1, kind: 'drain', isDraining: false, reason: '', index: 3 }]);
  expect(it.seen.changes).toEqual(['n/7 open']);
});

test('our own agent, which finds us among the coordinators, is told who we are and has no lane to itself', async () => {
  const it = await start();
  const client = it.open();
  client.say(hello('c1', 7));
  await eventually('it is told', () => client.heard, (heard) => heard.length > 0);
  expect(client.heard).toEqual([{ v: 1, kind: 'welcome', coordinatorId: 'c1', knownIncarnation: 7 }]);
  expect([it.seen.changes, it.lanes.nodeCount]).toEqual([[], 0]);
});

test('a beat is handed on and answered; one of another node is refused', async () => {
  const it = await start();
  const client = await it.welcomed();
  client.say({ v: 1, kind: 'beat', beat: beat({ nodeId: 'n', seq: 5 }) });
  client.say({ v: 1, kind: 'beat', beat: beat({ nodeId: 'm', seq: 6 }) });
  await eventually('both are answered', () => client.heard.length, (count) => count === 4);
  expect(client.heard.slice(2)).toMatchObject([
    { kind: 'heard', seq: 5, result: { outcome: 'accepted', knownIncarnation: 7 } },
    { kind: 'heard', seq: 6, result: { outcome: 'rejected', reason: expect.stringContaining("belongs to 'n'") } },
  ]);
  expect(it.seen.beats.map(({ seq }) => seq)).toEqual([5]);
});

test('a helper is asked over its lane and its answer comes back; without a lane nobody is asked', async () => {
  const it = await start();
  const client = await it.welcomed();
  const target = { nodeId: 'm', incarnation: 3, probeUrl: 'tcp://10.0.0.1:5', httpUrl: null };
  const answer = it.lanes.ask('n', target, 10_000);
  const asked = await eventually('it is asked', () => client.heard[2], (message) => message !== undefined);
  expect(asked).toMatchObject({ kind: 'probe', target, timeLimitMs: 10_000 });
  client.say({ v: 1, kind: 'probed', id: 999, result: 'refused', mainLagMs: 0, lateMs: 0 });
  client.say({ v: 1, kind: 'probed', id: asked?.kind === 'probe' ? asked.id : -1, result: 'answered', mainLagMs: 4, lateMs: 9 });
  expect(await answer).toMatchObject({ result: 'answered', mainLagMs: 4, lateMs: 9 });
  expect(await it.lanes.ask('nobody', target, 500)).toBe(null);
});

test('a helper that does not answer in time, or whose lane closes, has no opinion; one that owes too much is not asked', async () => {
  const it = await start();
  const client = await it.welcomed();
  const target = { nodeId: 'm', incarnation: 3, probeUrl: null, httpUrl: null };
  expect(await it.lanes.ask('n', target, 10)).toBe(null);
  const owed = Array.from({ length: 64 }, () => it.lanes.ask('n', target, 60_000));
  expect(await it.lanes.ask('n', target, 60_000)).toBe(null);
  client.socket.destroy();
  expect(await Promise.all(owed)).toEqual(owed.map(() => null));
});

test('the newer of two lanes of a process wins, and the process has one all the while', async () => {
  const it = await start();
  const first = await it.welcomed();
  await it.welcomed();
  await eventually('the first is closed', first.isClosed, Boolean);
  expect(it.seen).toMatchObject({ changes: ['n/7 open'], cut: ['replaced'] });
  expect(it.lanes.count).toBe(1);
});

test('a node that comes again with a greater incarnation is asked by its newer lane, and a lane may take a greater one itself', async () => {
  const it = await start();
  const old = await it.welcomed('n', 7);
  const young = await it.welcomed('n', 8);
  young.say(hello('n', 9));
  await eventually('it is welcomed again', () => young.heard.length, (count) => count === 4);
  void it.lanes.ask('n', { nodeId: 'm', incarnation: 1, probeUrl: null, httpUrl: null }, 100);
  await eventually('the young one is asked', () => young.heard.at(-1)?.kind, (kind) => kind === 'probe');
  expect(old.heard).toHaveLength(2);
  expect(it.seen.changes).toEqual(['n/7 open', 'n/8 open', 'n/8 closed', 'n/9 open']);
});

test('a process learns on its lane that a newer one has taken its place, and the newer one is not told', async () => {
  const it = await start();
  const old = await it.welcomed('n', 6);
  const young = await it.welcomed('n', 7);
  const joined = { ...it.marked([], ''), kind: 'transition', from: 'HEALTHY', silenceMs: null, failure: null, member: { nodeId: 'n', incarnation: 7, status: 'JOINING', marks: [] } } as unknown as Change;
  it.lanes.follow([joined]);
  await eventually('it is told', () => old.heard.length, (count) => count === 3);
  expect(old.heard[2]).toMatchObject({ kind: 'welcome', knownIncarnation: 7 });
  young.say({ v: 1, kind: 'beat', beat: beat({ nodeId: 'n' }) });
  await eventually('its beat is answered', () => young.heard.at(-1)?.kind, (kind) => kind === 'heard');
  expect(young.heard.map(({ kind }) => kind)).toEqual(['welcome', 'drain', 'heard']);
});

test('a stranger who takes the lane of a node costs it nothing but the lane: it comes back and is asked again, and was never reported as gone', async () => {
  const it = await start();
  const first = await it.welcomed();
  const stranger = await it.welcomed();
  await eventually('the first is closed', first.isClosed, Boolean);
  const again = await it.welcomed();
  await eventually('the stranger is closed', stranger.isClosed, Boolean);
  void it.lanes.ask('n', { nodeId: 'm', incarnation: 1, probeUrl: null, httpUrl: null }, 100);
  await eventually('it is asked', () => again.heard.at(-1)?.kind, (kind) => kind === 'probe');
  expect(it.seen.changes).toEqual(['n/7 open']);
});

test('an order to drain is told at once and when a lane opens, and once each time it changes', async () => {
  const it = await start({ marks: ['draining'] });
  const client = await it.welcomed();
  it.lanes.follow([it.marked(['draining'], 'again')]);
  it.lanes.follow([it.marked(['cordoned'], 'enough: alice')]);
  it.lanes.follow([it.marked([], 'again')]);
  it.lanes.follow([it.marked(['draining'], 'new disk: bob')]);
  await eventually('it is told', () => client.heard.length, (count) => count === 4);
  expect(client.heard.slice(1)).toMatchObject([{ isDraining: true }, { isDraining: false, reason: 'enough: alice' }, { isDraining: true, reason: 'new disk: bob' }]);
});

const wrong: ReadonlyArray<{ name: string; says: readonly string[]; cut: string }> = [
  { name: 'speaks before its hello', says: [JSON.stringify({ v: 1, kind: 'beat', beat: beat() }), '\n'], cut: 'no-hello' },
  { name: 'does not speak JSON', says: ['hello\n'], cut: 'not-json' },
  { name: 'never ends its line', says: ['x'.repeat(LANE_LINE_BYTES_MAX + 1)], cut: 'line-too-long' },
  { name: 'says it is one node, then another', says: [`${JSON.stringify(hello('n', 7))}\n`, `${JSON.stringify(hello('m', 7))}\n`], cut: 'not-itself' },
  { name: 'goes back to an earlier incarnation', says: [`${JSON.stringify(hello('n', 7))}\n`, `${JSON.stringify(hello('n', 6))}\n`], cut: 'not-itself' },
  { name: 'brings more messages in a second than any agent does', says: [`${JSON.stringify(hello())}\n`, `${JSON.stringify({ v: 1, kind: 'probed', id: 1, result: 'refused', mainLagMs: 0, lateMs: 0 })}\n`.repeat(15_000)], cut: 'flood' },
  { name: 'says a hundred things that nobody understands', says: [`${JSON.stringify(hello())}\n`, ...Array.from({ length: 100 }, () => '{"v":1,"kind":"sing"}\n')], cut: 'unreadable' },
];
test.each(wrong)('an agent that $name is cut off', async ({ says, cut }) => {
  const it = await start();
  const client = it.open();
  for (const text of says) client.say(text);
  await eventually('it is cut off', client.isClosed, Boolean);
  expect(it.seen.cut).toEqual([cut]);
  expect(it.lanes.count).toBe(0);
  expect(client.heard.map(({ kind }) => kind)).not.toContain('heard');
});

test('of what came together with the line that cost an agent its lane, nothing is taken', async () => {
  const it = await start();
  const client = it.open();
  client.say([hello('n', 7), hello('m', 7), { v: 1, kind: 'beat', beat: beat({ nodeId: 'n' }) }].map((message) => `${JSON.stringify(message)}\n`).join(''));
  await eventually('it is cut off', client.isClosed, Boolean);
  expect([it.seen.cut, it.seen.beats]).toEqual([['not-itself'], []]);
});

test('an agent that never says who it is is cut off', async () => {
  const it = await start();
  const client = it.open();
  await eventually('it is cut off', client.isClosed, Boolean);
  expect(it.seen.cut).toEqual(['no-hello']);
});

test('before the coordinator has begun there are no lanes, and the answer says so', async () => {
  const it = await start({ isStarting: true });
  const client = it.open();
  await eventually('it is answered', client.isClosed, Boolean);
  expect(client.answer()).toContain('"code":"STARTING"');
});

test('a message of a later build is skipped', async () => {
  const it = await start();
  const client = await it.welcomed();
  client.say('{"v":1,"kind":"sing"}\n');
  client.say({ v: 1, kind: 'beat', beat: beat({ nodeId: 'n' }) });
  await eventually('the beat is answered', () => client.heard.at(-1)?.kind, (kind) => kind === 'heard');
});

test('an agent that does not read is cut off before it costs much memory', async () => {
  const it = await start();
  const client = await it.welcomed();
  client.socket.pause();
  const reason = 'x'.repeat(500);
  await eventually('it is cut off', () => {
    for (let turn = 0; turn < 1000; turn++) it.lanes.follow([it.marked(turn % 2 === 0 ? ['draining'] : [], reason)]);
    return it.seen.cut;
  }, (cut) => cut.length > 0);
  expect(it.seen.cut).toEqual(['slow-reader']);
  expect(it.seen.changes).toEqual(['n/7 open', 'n/7 closed']);
});

const requests = [
  { name: 'another path', request: 'GET /elsewhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: muster-lane\r\n\r\n', code: 'NOT_FOUND', status: 404 },
  { name: 'another protocol', request: 'GET /cluster/lane HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', code: 'LANE_PROTOCOL', status: 426 },
];
test.each(requests)('an upgrade to $name is refused with the reason', async ({ request, code, status }) => {
  const it = await start();
  const client = it.open(request);
  await eventually('it is answered', client.isClosed, Boolean);
  expect(client.answer()).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*"code":"${code}"`));
  expect(it.seen.refused).toEqual([code]);
});

test('nothing is kept of nodes whose lanes are gone', async () => {
  const it = await start();
  const clients = await Promise.all(['a', 'b', 'c'].map((nodeId) => it.welcomed(nodeId)));
  expect(it.lanes.nodeCount).toBe(3);
  for (const { socket } of clients) socket.destroy();
  await eventually('they are gone', () => it.lanes.count, (count) => count === 0);
  expect(it.lanes.nodeCount).toBe(0);
});

test('more lanes than allowed are refused, and one that closes makes room', async () => {
  const it = await start({ lanesMax: 1 });
  const first = await it.welcomed();
  const second = it.open();
  await eventually('it is refused', second.isClosed, Boolean);
  expect(second.answer()).toContain('LANES_EXHAUSTED');
  first.socket.destroy();
  await eventually('there is room', () => it.lanes.count, (count) => count === 0);
  await it.welcomed();
});

test('at the end all lanes are closed at once, nobody is reported for it, and no more are opened', async () => {
  const it = await start();
  const client = await it.welcomed();
  it.lanes.close();
  await eventually('it is closed', client.isClosed, Boolean);
  const late = it.open();
  await eventually('it is refused', late.isClosed, Boolean);
  expect(late.answer()).toContain('COORDINATOR_ENDING');
  expect(it.seen.changes).toEqual(['n/7 open']);
});

test('a lane is closed by the kernel when its process is killed, and stays open while it is only stopped', async () => {
  const it = await start();
  const script = `
    const socket = require('node:net').connect(${it.port}, '127.0.0.1');
    socket.write('GET /cluster/lane HTTP/1.1\\r\\nHost: x\\r\\nConnection: Upgrade\\r\\nUpgrade: muster-lane\\r\\n\\r\\n${JSON.stringify(hello()).replaceAll('"', '\\"')}\\n');
    socket.resume();`;
  const child = spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
  closers.push(() => child.kill('SIGKILL'));
  await eventually('it is open', () => it.seen.changes, (changes) => changes.length === 1);
  child.kill('SIGSTOP');
  // Another lane comes and goes meanwhile: news did get through.
  (await it.welcomed('m')).socket.destroy();
  await eventually('the other is closed', () => it.seen.changes, (changes) => changes.length === 3);
  expect(it.seen.changes).toEqual(['n/7 open', 'm/7 open', 'm/7 closed']);
  child.kill('SIGKILL');
  await eventually('it is closed', () => it.seen.changes.at(-1), (change) => change === 'n/7 closed');
});
