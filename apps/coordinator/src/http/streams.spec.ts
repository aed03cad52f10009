import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type MemberCommand, type MembershipRules, membershipRules } from '@muster/membership';
import { eventually } from '@muster/testing';
import { loneCluster } from '../../testing/lone-cluster.js';
import type { Cluster } from '../cluster.js';
import type { Views } from '../views.js';
import { EventStream, frame } from './event-stream.js';
import { Streams } from './streams.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function serve(onRequest: Parameters<typeof createServer>[1]): Promise<string> {
  const server: Server = createServer(onRequest as never);
  closers.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function connect(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false }, (response) => {
      response.on('error', () => undefined);
      resolve(response);
    });
    request.on('error', reject);
    closers.push(() => request.destroy());
  });
}

test('a reader that does not read is cut off before it fills our memory', async () => {
  let isClosed = false;
  let stream: EventStream | null = null;
  const url = await serve((_, response) => {
    stream = new EventStream(response, () => (isClosed = true));
  });
  const response = await connect(url);
  response.pause();
  const megabyte = frame({ event: 'x', data: 'x'.repeat(1_000_000) });
  for (let sent = 0; sent < 64; sent++) (stream as EventStream | null)?.send(megabyte);
  await eventually('cut off', () => isClosed, (closed) => closed);
  (stream as EventStream | null)?.send(megabyte);
});

test('a message may be larger than what may wait, such as the snapshot of a large cluster; what comes on top of it may not pile up', async () => {
  let isClosed = false;
  let stream: EventStream | null = null;
  const url = await serve((_, response) => {
    stream = new EventStream(response, () => (isClosed = true));
  });
  (await connect(url)).pause();
  const send = (bytes: number): void => (stream as EventStream | null)?.send(frame({ event: 'x', data: 'x'.repeat(bytes) }));
  send(40_000_000);
  expect([isClosed, (stream as EventStream | null)?.isBehind]).toEqual([false, true]);
  for (let sent = 0; sent < 12; sent++) send(1_000_000);
  await eventually('cut off', () => isClosed, (closed) => closed);
});

test('a watcher that is behind is spared the pulses: the next one says all that they did', async () => {
  let pulses = 0;
  let waiting = (): number => 0;
  const views = { snapshot: () => ({ kind: 'snapshot', filler: 'x'.repeat(20_000_000) }), pulse: () => ({ kind: 'pulse', count: ++pulses }) } as unknown as Views;
  const streams = new Streams({ listen: () => () => undefined, status: () => ({}), membership: { index: 1 } } as unknown as Cluster, views, 10);
  closers.push(() => streams.onModuleDestroy());
  const url = await serve((_, response) => {
    waiting = () => response.writableLength;
    streams.watch(response);
  });
  const response = await connect(url);
  response.pause();
  await eventually('a pulse was due', () => pulses, (count) => count === 1);
  const before = waiting();
  expect(before).toBeGreaterThan(0);
  await eventually('another pulse was due', () => pulses, (count) => count === 2);
  expect(waiting()).toBeLessThanOrEqual(before);
  const text = textOf(response);
  response.resume();
  await eventually('it is told again', text, (heard) => heard.endsWith(`"count":${pulses}}\n\n`));
  expect(text()).not.toContain('"count":2}');
});

const about = { term: 1, atUnixMs: 1, nodeId: 'a', incarnation: 1, seq: 1, reason: 'test' };
/** Whoever flaps is to be believed here, however often. */
const UNDAMPED = { halfLifeMs: 1, suppress: 1e9, reuse: 1e8 };
const flap = (): MemberCommand[] => [{ ...about, kind: 'suspect', cause: 'silence', silenceMs: 1 }, { ...about, kind: 'clear' }];

/** Streams over a cluster in which `a` has joined and flapped, served from `afterIndex` on. */
async function streaming(options: { flaps: number; afterIndex: number; tags?: Record<string, string>; rules?: Partial<MembershipRules> }) {
  const { cluster } = loneCluster({ rules: { ...membershipRules({ stabilisationMs: 1, flap: UNDAMPED }), ...options.rules } });
  const profile = { service: 's', zone: 'z', tags: options.tags ?? {}, resources: { cores: 1, memoryBytes: 1 }, httpUrl: null, probeUrl: null };
  const past: MemberCommand[] = [{ ...about, kind: 'join', profile }, ...Array.from({ length: options.flaps }, flap).flat()];
  await Promise.all(past.map((command) => cluster.propose(command)));
  const streams = new Streams(cluster, { snapshot: () => ({ kind: 'snapshot' }) } as unknown as Views, 10);
  closers.push(() => streams.onModuleDestroy());
  const url = await serve((_, response) => streams.events(response, options.afterIndex));
  return { cluster, streams, url };
}

function textOf(response: IncomingMessage): () => string {
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return () => text;
}
const idsIn = (text: string): number[] => [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));

test('a reader that comes late gets the whole past in order and then the present, without a gap', async () => {
  const { cluster, streams, url } = await streaming({ flaps: 900, afterIndex: 5 });
  const text = textOf(await connect(url));
  await Promise.all(flap().map((command) => cluster.propose(command)));
  await eventually('all of it', () => idsIn(text()), (seen) => seen.length >= 1803 - 5);
  expect(idsIn(text())).toEqual(Array.from({ length: 1803 - 5 }, (_, position) => position + 6));
  expect(text()).not.toContain('event: gap');
  expect(streams.count).toBe(1);
});

/** Frames as a client counts them: what each is about, and where it would resume after it. */
function framesIn(text: string): { subject: string; id: number | null }[] {
  return text
    .split('\n\n')
    .filter((frame) => frame.startsWith('event: event'))
    .map((frame) => ({ subject: /"subject":"([^"]+)"/.exec(frame)?.[1] ?? '', id: Number(/^id: (\d+)$/m.exec(frame)?.[1] ?? NaN) || null }));
}

test('of what was agreed on together only the last event names the place, so that a reader that breaks off between misses none', async () => {
  const { cluster, url } = await streaming({ flaps: 0, afterIndex: 1 });
  const live = textOf(await connect(url));
  const profile = { service: 's', zone: 'z', tags: {}, resources: { cores: 1, memoryBytes: 1 }, httpUrl: null, probeUrl: null };
  const joins = ['b', 'c', 'd'].map((nodeId): MemberCommand => ({ ...about, nodeId, kind: 'join', profile }));
  await cluster.propose({ kind: 'many', term: 1, atUnixMs: 1, commands: joins });
  const expected = [{ subject: 'b', id: null }, { subject: 'c', id: null }, { subject: 'd', id: 2 }];
  await eventually('the entry, live', () => framesIn(live()), (frames) => frames.length === 3);
  expect(framesIn(live())).toEqual(expected);
  const resumed = textOf(await connect(url));
  await eventually('the entry, from the past', () => framesIn(resumed()), (frames) => frames.length === 3);
  expect(framesIn(resumed())).toEqual(expected);
});

test('a reader that asks for what is no longer kept is told of the gap', async () => {
  const { cluster, url } = await streaming({ flaps: 50, afterIndex: 5, rules: { historyMax: 8, outboxMax: 20 } });
  const text = textOf(await connect(url));
  await eventually('the rest', () => idsIn(text()), (seen) => seen.at(-1) === 101);
  const { forgottenIndex } = cluster.membership;
  expect(text()).toContain(`event: gap\ndata: {"since":5,"missingUpToIndex":${forgottenIndex}}`);
  expect(idsIn(text())[0]).toBe(forgottenIndex + 1);
});

test.each([
  { name: 'has read all', flaps: 1, isReading: true },
  { name: 'is still far behind', flaps: 2000, isReading: false },
])('a reader that goes away when it $name makes room', async ({ flaps, isReading }) => {
  const { streams, url } = await streaming({ flaps, afterIndex: 0, tags: { padding: 'x'.repeat(8000) }, rules: { historyMax: 100_000, outboxMax: 100_000 } });
  const response = await connect(url);
  if (isReading) {
    const text = textOf(response);
    await eventually('all of it', () => idsIn(text()), (seen) => seen.length === 3);
  }
  expect(streams.count).toBe(1);
  response.destroy();
  await eventually('room', () => streams.count, (count) => count === 0);
});

test('a reader that is gone before its stream begins takes no room', async () => {
  const { streams } = await streaming({ flaps: 0, afterIndex: 0 });
  let begun = 0;
  const url = await serve((_, response) => {
    response.once('close', () => {
      streams.watch(response);
      begun += 1;
    });
    response.destroy();
  });
  await expect(connect(url)).rejects.toThrow('socket hang up');
  await eventually('begun and forgotten', () => [begun, streams.count], ([count, open]) => count === 1 && open === 0);
});
