/**
 * What a gateway shows while the coordinators behind it are killed, frozen and left alone, all of them real processes: it moves on by
 * itself, what it shows never goes back, and every coordinator has a lane of its own to everybody.
 */
import { join } from 'node:path';
import { rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { type ClusterStatus, clusterStatusSchema } from '@muster/contracts';
import { CoordinatorGroup, ROOT, scratchFolder, type Seat, Service, until } from '@muster/test-cluster';
import { freePort } from '@muster/testing';

/** Above every time limit, so that what takes longer is broken and not slow. */
const LIMIT_MS = 90_000;
const TEST_MS = 300_000;
const LOOK_MS = 20;

let group: CoordinatorGroup;
let gateway: Service;
let url = '';
const dataDir = scratchFolder('gateway');
/** Every status that the gateway showed, as long as it was asked. */
const shown: ClusterStatus[] = [];
let isAsking = true;
let asking: Promise<void> = Promise.resolve();

async function ask(path: string): Promise<Response> {
  return fetch(url + path, { signal: AbortSignal.timeout(10_000) });
}

async function keepAsking(): Promise<void> {
  while (isAsking) {
    // That no answer came in time says nothing about what is shown.
    const answer: unknown = await ask('/cluster/status').then((response) => response.json()).catch((error: Error) => {
      if (error.name !== 'TimeoutError') throw error;
      return null;
    });
    if (answer !== null) shown.push(clusterStatusSchema.parse(answer));
    await pause(LOOK_MS);
  }
}

/** The coordinator that the gateway follows, by its own word. */
async function followed(): Promise<Seat | undefined> {
  const text = await (await ask('/health/ready')).text();
  return group.seats.find((seat) => text.includes(`following ${seat.url}"`));
}
const untilFollowed = () => until('the gateway to follow a coordinator', LIMIT_MS, followed);
const untilAnotherThan = (seat: Seat) =>
  until(`the gateway to leave ${seat.nodeId}`, LIMIT_MS, async () => {
    const now = await followed();
    return now === seat ? undefined : now;
  });

/** Direct lanes at each coordinator: of the two others and of the gateway. */
async function haveAllLanes(): Promise<true | undefined> {
  const counts = await Promise.all(group.urls.map(async (one) => /^coordinator_lanes_open(?:\{[^}]*\})? (\d+)$/m.exec(await (await fetch(`${one}/metrics`, { signal: AbortSignal.timeout(2000) })).text())?.[1]));
  return counts.every((count) => count === '3') ? true : undefined;
}
const untilAllLanes = () => until('every coordinator to have a lane to everybody', LIMIT_MS, haveAllLanes);

const isSure = async (): Promise<true | undefined> => ((await ask('/cluster/status?consistency=linearizable')).status === 200 ? true : undefined);

beforeAll(async () => {
  group = await CoordinatorGroup.start({ count: 3, isApart: false });
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  gateway = Service.start('gateway', [join(ROOT, 'apps', 'gateway', 'dist', 'main.js')], {
    MUSTER_NODE_ID: 'gateway-1',
    MUSTER_NODE_DATA_DIR: dataDir,
    MUSTER_HTTP_HOST: '127.0.0.1',
    MUSTER_HTTP_PORT: String(port),
    MUSTER_BUS_URL: group.busUrl,
    MUSTER_CLUSTER_COORDINATORS: group.urls.join(','),
    MUSTER_LOG_LEVEL: 'warn',
  });
  await until('the gateway to show itself', LIMIT_MS, async () => (clusterStatusSchema.parse(await (await ask('/cluster/status')).json()).membership['gateway-1']?.status === 'HEALTHY' ? true : undefined));
  asking = keepAsking();
}, TEST_MS);
afterAll(async () => {
  isAsking = false;
  try {
    await asking;
  } finally {
    await gateway?.stop();
    await group?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}, TEST_MS);

test('E2: a coordinator that is killed is left for another, and has a lane to everybody again once it is back', async () => {
  await untilAllLanes();
  const seat = await untilFollowed();
  seat.kill();
  await untilAnotherThan(seat);
  await until('a sure answer', LIMIT_MS, isSure);
  await group.start(seat);
  await untilAllLanes();
}, TEST_MS);

test('E2: a coordinator that is frozen is left for another, although its connections stay open', async () => {
  const seat = await untilFollowed();
  seat.pause();
  await untilAnotherThan(seat);
  await until('a sure answer', LIMIT_MS, isSure);
  seat.resume();
  await untilAllLanes();
}, TEST_MS);

test('A10: a coordinator that is left alone is followed on, with its age and without a quorum, and nothing sure is said', async () => {
  const alone = await untilFollowed();
  const others = group.seats.filter((seat) => seat !== alone);
  const before = shown.at(-1);
  for (const seat of others) seat.kill();
  await until('the gateway to say that there is no quorum', LIMIT_MS, () => Promise.resolve(shown.at(-1)?.hasQuorum === false ? true : undefined));
  const answers = new Set<number>();
  await until('what is sure to be refused for want of a quorum', LIMIT_MS, async () => {
    const answer = await ask('/cluster/status?consistency=leader');
    answers.add(answer.status);
    return ((await answer.json()) as { code?: string }).code === 'NO_QUORUM' ? true : undefined;
  });
  expect([...answers]).toEqual([503]);
  await until('the view to be some seconds old', LIMIT_MS, () => Promise.resolve((shown.at(-1)?.ageMs ?? 0) > 3000 ? true : undefined));
  expect(Object.keys(shown.at(-1)?.membership ?? {})).toEqual(expect.arrayContaining(Object.keys(before?.membership ?? {})));
  await Promise.all(others.map((seat) => group.start(seat)));
  await until('a quorum', LIMIT_MS, () => Promise.resolve(shown.at(-1)?.hasQuorum === true ? true : undefined));
  await until('a sure answer', LIMIT_MS, isSure);
}, TEST_MS);

test('whatever was done to the coordinators, nothing that was shown went back', () => {
  const indexes = shown.map(({ index }) => index);
  expect(indexes.length).toBeGreaterThan(30);
  expect(indexes).toEqual(indexes.toSorted((one, other) => one - other));
});
