/**
 * What three coordinators promise together, tried on real processes: killed, stopped, left alone, moved, and without a bus, while clients
 * give orders and read. In the end the whole history of answers must be one that a single coordinator could have given.
 *
 * Cut networks and many trials are in `npm run bench -- coordinators`.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { clusterStatusSchema, decodeClusterEvent, errorBodySchema, EVENTS_TOPIC } from '@muster/contracts';
import { createMessageBus } from '@muster/messaging';
import { CoordinatorGroup, membersOf, OrderHistory, type Seat, until } from '@muster/test-cluster';
import { checkLinearizable } from '@muster/testing';

/** Above every time limit, so that what takes longer is broken and not slow. */
const LIMIT_MS = 90_000;
const TEST_MS = 300_000;
/** Somewhat less than failure.timeoutMs, after which a process that stands still is DOWN. */
const FORGIVEN_MS = 13_000;

let group: CoordinatorGroup;
let history: OrderHistory;
let keys: readonly string[];

const status = async ({ url }: Seat) => clusterStatusSchema.parse(await (await fetch(`${url}/cluster/status`, { signal: AbortSignal.timeout(2000) })).json());
const running = (): readonly Seat[] => group.seats.filter(({ isRunning }) => isRunning);
const order = ({ url }: Seat, nodeId: string, what: 'cordon' | 'uncordon') =>
  fetch(`${url}/cluster/members/${nodeId}/${what}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"by":"spec"}', signal: AbortSignal.timeout(LIMIT_MS) });

/** All that run show everybody well, in one term and with one leader. */
async function allWell(): Promise<true | undefined> {
  const seen = await Promise.all(running().map(status));
  const [first] = seen;
  return seen.every(({ hasQuorum, healthyNodes, leaderId, term }) => hasQuorum && healthyNodes === group.seats.length && leaderId === first?.leaderId && term === first.term) ? true : undefined;
}
const untilWell = () => until('all coordinators to be well and of one mind', 60_000, allWell);

/** The leader, and what it says of itself as such. */
const leading = (among: readonly Seat[] = group.seats) =>
  until('a leader to speak for itself', LIMIT_MS, async () => {
    const seat = await group.leader(LIMIT_MS, among);
    const said = await seat.raft();
    return said.state === 'leader' ? { seat, said } : undefined;
  });

async function ordersGoOn(): Promise<void> {
  const fromMs = performance.now();
  await until('an order to be carried out', LIMIT_MS, () => Promise.resolve(history.done.some(({ atMs }) => atMs > fromMs) ? true : undefined));
}

beforeAll(async () => {
  group = await CoordinatorGroup.start({ count: 3, isApart: false, env: { MUSTER_STABILISATION_PERIOD_MS: '0', MUSTER_FLAP_SUPPRESS: '100' } });
  await untilWell();
  keys = await membersOf(group.urls[0] ?? '');
  history = new OrderHistory({ urls: () => group.urls, keys, clients: 3, paceMs: 50, timeoutMs: 10_000 });
}, TEST_MS);
const leaderUrl = async (): Promise<string> => (await group.leader(LIMIT_MS)).url;
afterAll(async () => {
  // Clients have ended before, unless the last test was not run: they would ask for ever.
  await history?.stop(leaderUrl).catch(() => undefined);
  await group?.stop();
}, TEST_MS);

test('E1: three that start together are one group with one leader, and each says the same of it', async () => {
  const seen = await until('each to know who leads, and that all vote', LIMIT_MS, async () => {
    const all = await Promise.all(group.seats.map((seat) => seat.raft()));
    const isAgreed = all.every(({ term, leaderId, peers }) => leaderId === all[0]?.leaderId && term === all[0].term && peers.filter(({ voter }) => voter).length === group.seats.length);
    return isAgreed && all.some(({ nodeId, leaderId, state }) => state === 'leader' && nodeId === leaderId) ? all : undefined;
  });
  expect(new Set(seen.map(({ clusterId }) => clusterId)).size).toBe(1);
  expect(seen.map(({ clusterId }) => clusterId)).not.toContain(null);
  expect(seen.filter(({ state }) => state === 'leader')).toHaveLength(1);
  for (const { peers } of seen) expect(peers.map(({ nodeId, voter }) => [nodeId, voter])).toEqual(group.seats.map(({ nodeId }) => [nodeId, true]));
}, TEST_MS);

test('E2: after kill -9 of the leader another takes orders, and the one that was killed catches up', async () => {
  const { seat: leader, said: { term } } = await leading();
  leader.kill();
  await until('its process to end', LIMIT_MS, () => Promise.resolve(leader.isRunning ? undefined : true));
  const next = await leading(running());
  expect(next.said.term).toBeGreaterThan(term);
  await ordersGoOn();
  await group.start(leader);
  await untilWell();
}, TEST_MS);

test('E3: what one coordinator acknowledged, all of them show', async () => {
  await ordersGoOn();
  const { index } = history;
  expect(index).toBeGreaterThan(0);
  for (const seat of group.seats) await until(`${seat.nodeId} to have applied ${index}`, LIMIT_MS, async () => ((await seat.raft()).appliedIndex >= index ? true : undefined));
}, TEST_MS);

test('SIGSTOP of the leader for 5 s: another leads, nobody is given up, and it answers nothing of the past when it goes on', async () => {
  const { seat: leader, said: { appliedIndex } } = await leading();
  leader.pause();
  const sinceMs = performance.now();
  try {
    expect(await group.leader(LIMIT_MS, running().filter((seat) => seat !== leader))).not.toBe(leader);
    await ordersGoOn();
    await pause(Math.max(0, sinceMs + 5000 - performance.now()));
  } finally {
    leader.resume();
  }
  const stoppedMs = performance.now() - sinceMs;
  await untilWell();
  const page = (await (await fetch(`${leader.url}/cluster/events?format=json&limit=1000&since=${appliedIndex}`)).json()) as { events: { type: string }[] };
  const downs = page.events.filter(({ type }) => type.includes('.down.'));
  // On a machine that takes longer than that to elect another, it was stopped for so long that it is given up rightly.
  expect(stoppedMs < FORGIVEN_MS ? downs : []).toEqual([]);
}, TEST_MS);

test('A10: one that is left alone is read-only and says so; nothing that was acknowledged is lost when the others are back', async () => {
  const leader = await group.leader(LIMIT_MS);
  const others = group.seats.filter((seat) => seat !== leader);
  await Promise.all(others.map((seat) => seat.stop('SIGKILL')));
  await until('it to miss its majority', LIMIT_MS, async () => ((await status(leader)).hasQuorum ? undefined : true));
  const refused = await order(leader, keys[0] ?? '', 'cordon');
  expect(refused.status).toBe(503);
  expect(errorBodySchema.parse(await refused.json()).code).toBe('NO_QUORUM');
  const alone = await until('it to show what it knows', LIMIT_MS, () => status(leader));
  expect(Object.keys(alone.membership)).toEqual(expect.arrayContaining([...keys]));
  // Alone it gives nobody up, however long the others are silent.
  expect(Object.values(alone.membership).filter(({ status: word }) => word === 'DOWN')).toEqual([]);
  await Promise.all(others.map((seat) => group.start(seat)));
  await untilWell();
  await ordersGoOn();
}, TEST_MS);

test('E3: with the bus away orders go on, and afterwards every event is there, each entry once or more and in order', async () => {
  const bus = createMessageBus(group.busUrl, { clientId: 'spec' });
  const firstTold: number[] = [];
  const told = new Set<string>();
  const subscription = await bus.subscribe({
    topics: [EVENTS_TOPIC.name],
    group: 'spec',
    from: 'earliest',
    onBatch: ({ records }) => {
      for (const { value } of records) {
        const event = value === null ? null : decodeClusterEvent(value);
        if (event?.kind !== 'ok') continue;
        if (!told.has(event.value.id)) firstTold.push(Number(event.value.id.split('/')[2]));
        told.add(event.value.id);
      }
      return Promise.resolve();
    },
  });
  try {
    group.pauseBus();
    for (let count = 0; count < 3; count++) await ordersGoOn();
    const leader = await group.leader(LIMIT_MS);
    await leader.stop();
    await ordersGoOn();
    group.resumeBus();
    await group.start(leader);
    await untilWell();
    const page = (await (await fetch(`${leader.url}/cluster/events?format=json&limit=1000&since=0`)).json()) as { events: { id: string }[] };
    const missing = () => page.events.filter(({ id }) => !told.has(id));
    await until('every event to be on the bus', LIMIT_MS, () => Promise.resolve(missing().length === 0 ? true : undefined));
    expect(page.events.length).toBeGreaterThan(10);
  } finally {
    group.resumeBus();
    await subscription.close();
    await bus.close();
  }
  // Some may be told again; nothing is told for the first time after something that came later.
  expect(firstTold).toEqual(firstTold.toSorted((a, b) => a - b));
}, TEST_MS);

test('with all addresses changed at once they find each other again, without an operator', async () => {
  const { said: before } = await leading();
  await Promise.all(group.seats.map((seat) => seat.stop()));
  await group.move();
  await group.startAll();
  const { said: after } = await leading();
  expect(after.clusterId).toBe(before.clusterId);
  // Who leads has the log, and has applied it a moment later.
  await until('all that was applied before to be applied again', LIMIT_MS, async () => ((await leading()).said.appliedIndex > before.appliedIndex ? true : undefined));
  await untilWell();
  const known = async (seat: Seat) => (await seat.raft()).peers.map(({ httpUrl }) => httpUrl).toSorted();
  for (const seat of group.seats) await until(`${seat.nodeId} to know the new addresses`, LIMIT_MS, async () => (JSON.stringify(await known(seat)) === JSON.stringify(group.urls.toSorted()) ? true : undefined));
}, TEST_MS);

test('all that clients were told fits one order of things', async () => {
  const { operations, contradictions } = await history.stop(leaderUrl);
  expect(contradictions).toEqual([]);
  expect(operations.length).toBeGreaterThan(100);
  expect(checkLinearizable(operations, 'false')).toMatchObject({ kind: 'linearizable' });
}, TEST_MS);
