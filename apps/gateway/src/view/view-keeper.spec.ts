import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@muster/testing';
import { Registry } from 'prom-client';
import { FakeCoordinator } from '../../testing/fake-coordinator.js';
import { memberOf, pulseOf, statusOf } from '../../testing/members.js';
import { silentLogger } from '../../testing/silent-logger.js';
import { SqliteViewCache } from './sqlite-view-cache.js';
import type { ViewCache } from './view-cache.js';
import { ViewKeeper, type ViewKeeperOptions } from './view-keeper.js';

const open: { close(): Promise<void> }[] = [];
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-keeper-'));
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  rmSync(folder, { recursive: true });
});

async function coordinator(nodeId: string, port?: number): Promise<FakeCoordinator> {
  const fake = await FakeCoordinator.start(statusOf(memberOf(nodeId)), port);
  open.push(fake);
  return fake;
}

/** Takes no silence for an end, unless that is what a test is about: coordinators say nothing here while a machine stands still. */
function keeper(coordinators: readonly string[], options: Partial<ViewKeeperOptions> = {}): ViewKeeper {
  const view = new ViewKeeper({ coordinators, cache: new SqliteViewCache(join(folder, 'view.db'), 'muster'), quorumDoubtMs: 200, watchSilenceMs: 60_000, cacheSaveMs: 0, metrics: new Registry(), logger: silentLogger, ...options });
  open.unshift(view);
  return view;
}

const knows = (view: ViewKeeper, nodeId: string) => () => view.member(nodeId) !== null;

test('A4: the view is live: what a coordinator tells is known at once, in pieces as in one', async () => {
  const fake = await coordinator('a');
  const view = keeper([fake.url]);
  expect(view.readiness()).toMatchObject({ ok: false });
  await view.start();
  await until('the snapshot', knows(view, 'a'));
  const heard: number[] = [];
  view.subscribe((members) => heard.push(members.length));
  const text = `event: member\ndata: ${JSON.stringify({ kind: 'member', index: 11, term: 1, from: null, member: memberOf('b', { reason: 'grün' }) })}\n\n`;
  const bytes = Buffer.from(text);
  // The cuts lie within a line and within a letter of two bytes.
  const cuts = [0, 20, bytes.indexOf(Buffer.from('ü')) + 1, bytes.length];
  for (const [index, cut] of cuts.slice(1).entries()) fake.tellRaw(bytes.subarray(cuts[index], cut));
  await until('the change', knows(view, 'b'));
  expect(view.member('b')?.reason).toBe('grün');
  expect(heard).toEqual([1, 2]);
  expect(view.readiness()).toEqual({ ok: true, detail: `following ${fake.url}` });
});

test('E2: when the coordinator dies, the next one is followed', async () => {
  const [first, second] = [await coordinator('from-first'), await coordinator('from-second')];
  const view = keeper([first.url, second.url]);
  await view.start();
  await until('the first', knows(view, 'from-first'));
  await first.close();
  await until('the second', knows(view, 'from-second'));
  expect(view.member('from-first')).toBeNull();
});

test('a coordinator that holds the line open and says nothing is left for the next', async () => {
  const [mute, other] = [await coordinator('never'), await coordinator('other')];
  mute.isMute = true;
  const view = keeper([mute.url, other.url], { watchSilenceMs: 300 });
  await view.start();
  await until('the other', knows(view, 'other'));
});

test('A10: without any coordinator the last view is served with its age and without a quorum, and taken up again later', async () => {
  const fake = await coordinator('a');
  const view = keeper([fake.url]);
  await view.start();
  await until('the snapshot', knows(view, 'a'));
  const { port } = fake;
  await fake.close();
  await until('doubt', () => view.status()?.hasQuorum === false);
  expect(view.status()).toMatchObject({ totalNodes: 1, membership: { a: { nodeId: 'a' } } });
  expect(view.status()?.ageMs).toBeGreaterThan(200);
  expect(view.readiness().ok).toBe(true);
  await until('that is said', () => view.readiness().detail.includes('serving a view that is'));
  const back = await coordinator('b', port);
  back.pulses(() => pulseOf(memberOf('b')));
  await until('the new coordinator', knows(view, 'b'));
  await until('its word is enough', () => view.status()?.hasQuorum === true);
});

test('dead coordinators are asked with growing pauses, not in a tight loop', async () => {
  const fake = await coordinator('a');
  fake.isMute = true;
  const view = keeper([fake.url], { watchSilenceMs: 20 });
  const startedMs = performance.now();
  await view.start();
  await until('several attempts', () => fake.connectionCount >= 4);
  // The least that three pauses take together; counted from the beginning, so that a slow machine only adds to it.
  expect(performance.now() - startedMs).toBeGreaterThan(100 + 200 + 400);
});

test('a coordinator that hangs up after its first word is not asked in a tight loop, and its word counts', async () => {
  const fake = await coordinator('a');
  fake.hangsUp = true;
  const view = keeper([fake.url]);
  const startedMs = performance.now();
  await view.start();
  await until('four attempts', () => fake.connectionCount >= 4);
  expect(performance.now() - startedMs).toBeGreaterThan(500);
  expect(view.member('a')).not.toBeNull();
});

test('a message of the future is left out and counted, and the stream goes on', async () => {
  const fake = await coordinator('a');
  const metrics = new Registry();
  const view = keeper([fake.url], { metrics });
  await view.start();
  await until('the snapshot', knows(view, 'a'));
  fake.tellRaw('event: weather\ndata: {"kind":"weather"}\n\n');
  fake.tellRaw('data: no json at all\n\n');
  fake.tell(pulseOf(memberOf('a', { healthScore: 7 })));
  await until('the pulse', () => view.member('a')?.healthScore === 7);
  expect(await metrics.metrics()).toContain('gateway_watch_messages_total{kind="unreadable"} 2');
});

test('A4: a gateway that starts while no coordinator is there serves the view its predecessor saved', async () => {
  const fake = await coordinator('a');
  const first = keeper([fake.url]);
  await first.start();
  await until('the snapshot', knows(first, 'a'));
  fake.tell(pulseOf(memberOf('a')));
  await until('it was saved', async () => {
    const probe = new SqliteViewCache(join(folder, 'view.db'), 'muster');
    const saved = await probe.load();
    await probe.close();
    return saved !== null;
  });
  await first.close();
  await fake.close();
  const second = keeper(['http://127.0.0.1:1']);
  await second.start();
  expect(second.member('a')).not.toBeNull();
  expect(second.readiness().ok).toBe(true);
});

test('a cache that fails costs nothing but the memory of the next start', async () => {
  const fake = await coordinator('a');
  const broken: ViewCache = { load: () => Promise.reject(new Error('away')), save: () => Promise.reject(new Error('away')), close: async () => {} };
  const view = keeper([fake.url], { cache: broken });
  await view.start();
  await until('the snapshot', knows(view, 'a'));
});

test.each([
  { name: 'a minute ago is a minute old, and vouches for no quorum', savedAgoMs: 60_000, ageMsMin: 60_000, hasQuorum: false },
  { name: 'by a clock ahead of ours is not from the future', savedAgoMs: -60_000, ageMsMin: 0, hasQuorum: true },
])('a view saved $name', async ({ savedAgoMs, ageMsMin, hasQuorum }) => {
  const status = statusOf(memberOf('a'));
  const cache: ViewCache = { load: async () => ({ v: 1, asOfUnixMs: Date.now() - savedAgoMs, status }), save: async () => {}, close: async () => {} };
  const view = keeper(['http://127.0.0.1:1'], { cache, quorumDoubtMs: 30_000 });
  await view.start();
  const restored = view.status();
  expect(restored?.hasQuorum).toBe(hasQuorum);
  expect(restored?.ageMs).toBeGreaterThanOrEqual(ageMsMin);
  expect(restored?.ageMs).toBeLessThan(ageMsMin + 20_000);
  await until('it grows older', () => (view.status()?.ageMs ?? 0) > ageMsMin);
});
