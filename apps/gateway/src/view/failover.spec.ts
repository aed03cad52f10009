/** The view against three coordinators, of which some die, freeze, fall behind or are cut off. */
import type { ClusterStatus } from '@muster/contracts';
import { until } from '@muster/testing';
import { Registry } from 'prom-client';
import { FakeCoordinator } from '../../testing/fake-coordinator.js';
import { memberOf, pulseOf, statusOf } from '../../testing/members.js';
import { silentLogger } from '../../testing/silent-logger.js';
import type { ViewCache } from './view-cache.js';
import { ViewKeeper, type ViewKeeperOptions } from './view-keeper.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

/** Names the member that it tells of after itself, so that a view shows whose it is. */
async function coordinator(name: string, facts: Partial<ClusterStatus> = {}): Promise<FakeCoordinator> {
  const fake = await FakeCoordinator.start({ ...statusOf(memberOf(name)), ...facts });
  open.push(fake);
  return fake;
}

const noCache: ViewCache = { load: async () => null, save: async () => {}, close: async () => {} };

async function keeper(coordinators: ViewKeeperOptions['coordinators'], options: Partial<ViewKeeperOptions> = {}): Promise<ViewKeeper> {
  const view = new ViewKeeper({ coordinators, cache: noCache, quorumDoubtMs: 5000, watchSilenceMs: 3000, cacheSaveMs: 0, metrics: new Registry(), logger: silentLogger, ...options });
  open.unshift(view);
  await view.start();
  return view;
}

const shows = (view: ViewKeeper, name: string) => () => view.member(name) !== null;
const urlsOf = (of: readonly FakeCoordinator[]) => of.map(({ url }) => url);
/** What it says goes on, so that it is not taken for frozen. */
const lives = (fake: FakeCoordinator, facts: Parameters<typeof pulseOf>[1] = {}) => fake.pulses(() => pulseOf(memberOf('x'), { index: fake.status.index, ...facts }));

/** Longer than a test waits: what ends sooner did not wait for it. */
const NEVER_MS = 600_000;

test('E2: three coordinators that are killed one after the other are left one after the other, without waiting for silence', async () => {
  const three = [await coordinator('one'), await coordinator('two'), await coordinator('three')];
  const metrics = new Registry();
  const view = await keeper(urlsOf(three), { metrics, watchSilenceMs: NEVER_MS });
  for (const fake of three) lives(fake);
  await until('the first', shows(view, 'one'));
  for (const [at, next] of [[0, 'two'], [1, 'three']] as const) {
    await three[at]?.close();
    await until(`the view of ${next}`, shows(view, next));
  }
  await three[2]?.close();
  await until('the loss is noticed', () => view.readiness().detail.startsWith('serving a view'));
  expect(view.status()).toMatchObject({ index: 10, membership: { three: {} } });
  expect(await metrics.metrics()).toContain('gateway_coordinator_changes_total 3\n');
});

test('A10: a coordinator that loses its quorum, or its leader, is left for one that has both', async () => {
  const [first, second, third] = [await coordinator('one'), await coordinator('two', { leaderId: null }), await coordinator('three')];
  const view = await keeper(urlsOf([first, second, third]));
  lives(second, { leaderId: null });
  lives(third);
  await until('the first', shows(view, 'one'));
  lives(first, { hasQuorum: false, leaderId: null });
  await until('the second is tried, and the third taken', shows(view, 'three'));
  expect(second.connectionCount).toBeGreaterThan(0);
  expect(view.status()).toMatchObject({ hasQuorum: true });
  expect(view.coordinatorUrls()).toEqual(urlsOf([third, first, second]).map((url) => `${url}/`));
  await until('the others are left', () => first.watcherCount === 0 && second.watcherCount === 0);
});

test('A10: where nobody has a quorum the view goes on, says so, tells its true age, and prefers who knows more', async () => {
  const [first, second] = [await coordinator('one', { hasQuorum: false, leaderId: null, index: 10, ageMs: 7000 }), await coordinator('two', { hasQuorum: false, leaderId: null, index: 12, ageMs: 9000 })];
  const view = await keeper(urlsOf([first, second]));
  lives(first, { hasQuorum: false, leaderId: null, ageMs: 7000 });
  lives(second, { hasQuorum: false, leaderId: null, ageMs: 9000 });
  await until('the second, which knows more', shows(view, 'two'));
  expect(view.status()).toMatchObject({ hasQuorum: false, index: 12 });
  await until('a pulse', () => (view.status()?.ageMs ?? 0) >= 9000);
  expect(view.status()?.ageMs).toBeLessThan(20_000);
});

test('E2: a frozen coordinator, whose connection stays open, is left when pulses are missing, long before its stream counts as broken', async () => {
  const [first, second] = [await coordinator('one'), await coordinator('two')];
  const view = await keeper(urlsOf([first, second]), { watchSilenceMs: NEVER_MS });
  const freeze = lives(first);
  lives(second);
  await until('the first', shows(view, 'one'));
  freeze();
  await until('the second', shows(view, 'two'));
  await until('the frozen one is left', () => first.watcherCount === 0);
});

test('a coordinator that lags behind what was shown is waited for, and taken when it has caught up', async () => {
  const [first, second] = [await coordinator('one', { index: 20 }), await coordinator('two', { index: 15 })];
  const view = await keeper(urlsOf([first, second]));
  const indexes: number[] = [];
  view.listen(() => void indexes.push(view.status()?.index ?? 0));
  lives(first);
  await until('the first', shows(view, 'one'));
  const stop = lives(second);
  await first.close();
  await until('the second is tried', () => second.watcherCount > 0);
  await until('some pulses of it', () => (view.status()?.ageMs ?? 0) > 400);
  expect(view.status()).toMatchObject({ index: 20, membership: { one: {} } });
  stop();
  second.tell({ kind: 'member', index: 19, term: 1, from: null, member: memberOf('before') });
  second.tell({ kind: 'member', index: 21, term: 1, from: null, member: memberOf('after') });
  await until('it has caught up', shows(view, 'after'));
  expect(view.status()).toMatchObject({ index: 21, membership: { two: {}, before: {}, after: {} } });
  expect(indexes).toEqual(indexes.toSorted((one, other) => one - other));
});

test('a cluster that was made anew counts from the beginning: after some patience it is believed', async () => {
  const first = await coordinator('old', { index: 20 });
  const view = await keeper([first.url]);
  await until('the old one', shows(view, 'old'));
  const { port } = first;
  await first.close();
  const anew = await FakeCoordinator.start({ ...statusOf(memberOf('new')), index: 3 }, port);
  open.push(anew);
  lives(anew);
  await until('the new one', shows(view, 'new'));
  expect(view.status()).toMatchObject({ index: 3 });
});

test('coordinators that are behind names are followed to where they move', async () => {
  const [first, second] = [await coordinator('one'), await coordinator('two')];
  let current = [first.url];
  const view = await keeper(async () => current);
  await until('the first', shows(view, 'one'));
  current = [second.url];
  await first.close();
  await until('the second', shows(view, 'two'));
  expect(view.coordinatorUrls()).toEqual([`${second.url}/`]);
});
