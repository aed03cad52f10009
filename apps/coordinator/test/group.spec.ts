/** Three coordinators as one: what is agreed, who judges, and what becomes of it when they are parted or one of them goes. */
import type { Beat } from '@muster/contracts';
import { eventually } from '@muster/testing';
import { beating, endAll, overBus } from '../testing/coordinator-app.js';
import { CoordinatorTrio, type Place } from '../testing/coordinator-trio.js';

let trio: CoordinatorTrio;
beforeEach(async () => {
  trio = await CoordinatorTrio.start();
});
afterEach(async () => {
  await endAll();
  await trio.close();
});

const metric = async ({ service }: Place, name: string, labels = ''): Promise<number> => {
  const line = (await service.host.metrics.getSingleMetricAsString(name)).split('\n').find((it) => it.startsWith(`${name}${labels} `));
  return Number(line?.split(' ')[1] ?? 0);
};
const cordon = (place: Place, what: 'cordon' | 'uncordon', nodeId: string): Promise<Response> => fetch(`${place.url}/cluster/members/${nodeId}/${what}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });

test('three coordinators form one group, agree on one membership, and each is a member of it', async () => {
  const leader = await trio.leader();
  beating({ nodeId: 'n1' }, overBus(trio.bus));
  for (const place of trio.places.values()) for (const nodeId of ['n1', 'c1', 'c2', 'c3']) await trio.until(place, nodeId, 'HEALTHY');
  const views = () => Promise.all([...trio.places.values()].map(({ status }) => status()));
  // Each was asked at a moment of its own.
  const seen = await eventually('they agree', views, (all) => new Set(all.map(({ membership }) => membership['n1']?.index)).size === 1);
  expect(new Set(seen.map(({ leaderId }) => leaderId))).toEqual(new Set([leader.nodeId]));
  for (const place of trio.places.values()) await eventually(`${place.nodeId} is ready`, async () => (await fetch(`${place.url}/health/ready`)).status, (code) => code === 200);
});

test('E4: a node that beats by HTTP at one coordinator, which does not lead, is seen by all with zone and resources, and stays whoever leads', async () => {
  const leader = await trio.leader();
  const [door, third] = trio.others(leader);
  let posts = 0;
  const atDoor = async (it: Beat): Promise<void> => {
    await fetch(`${door.url}/cluster/beats`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify([it]) });
    posts += 1;
  };
  const profile = { zone: 'zone-x', resources: { cores: 3, memoryBytes: 5e9 } };
  beating({ nodeId: 'n1', ...profile }, atDoor);
  for (const place of trio.places.values()) expect((await trio.until(place, 'n1', 'HEALTHY')).membership['n1']).toMatchObject(profile);
  // Neither the one that it beats at nor the one that took it in.
  await trio.handOver(third);
  const before = posts;
  // More than twice as long as silence is borne.
  await eventually('it beats on', () => posts - before, (count) => count > 40);
  await trio.until(third, 'n1', 'HEALTHY');
  expect(trio.events().filter(({ type, subject }) => subject === 'n1' && type.includes('.down.'))).toEqual([]);
});

test('a follower sees what the leader sees and proposes nothing', async () => {
  const leader = await trio.leader();
  const [follower] = trio.others(leader);
  const node = beating({ nodeId: 'n1' }, overBus(trio.bus));
  await trio.until(follower, 'n1', 'HEALTHY');
  expect(follower.cluster.mandate().isLeader).toBe(false);
  expect(await follower.cluster.propose({ kind: 'published', term: 1, upToIndex: 1 })).toMatchObject({ kind: 'unavailable', code: 'not-leader' });
  await node.stop();
  await trio.until(follower, 'n1', 'DOWN');
  // A follower may apply it before its leader counts it.
  await eventually('the leader counts it', () => metric(leader, 'cluster_failures_detected_total', '{class="unreachable"}'), (count) => count === 1);
  expect(await metric(follower, 'cluster_failures_detected_total', '{class="unreachable"}')).toBe(0);
  expect(await metric(follower, 'cluster_verdicts_withheld_total', '{reason="follower"}')).toBeGreaterThan(0);
});

test('coordinators hear each other over direct lanes: while the bus is away none of them is suspected', async () => {
  const leader = await trio.leader();
  const all = [...trio.places.values()];
  for (const place of all) await eventually(`${place.nodeId} has lanes of the two others`, () => metric(place, 'coordinator_lanes_open'), (count) => count === 2);
  for (const nodeId of ['c1', 'c2', 'c3']) await trio.until(leader, nodeId, 'HEALTHY');
  trio.bus.take();
  const before = await metric(leader, 'cluster_heartbeats_received_total', '{lane="direct"}');
  // Twice as long as it takes to be DOWN.
  await eventually('beats over the lanes', () => metric(leader, 'cluster_heartbeats_received_total', '{lane="direct"}'), (count) => count - before > 2 * 2 * 15);
  expect(Object.values((await leader.status()).membership).map(({ status }) => status)).toEqual(['HEALTHY', 'HEALTHY', 'HEALTHY']);
  trio.bus.giveBack();
});

test('a minority makes no verdicts, however long a member is silent, and says that it has no quorum', async () => {
  const leader = await trio.leader();
  const node = beating({ nodeId: 'n1' }, overBus(trio.bus));
  await trio.until(leader, 'n1', 'HEALTHY');
  for (const other of trio.others(leader)) await trio.cutOff(other);
  await node.stop();
  await eventually('it knows', leader.status, ({ hasQuorum }) => !hasQuorum);
  const published = trio.bus.published.length;
  // Beats of the coordinators themselves: three times as long as it takes to be DOWN.
  await eventually('time goes by', () => trio.bus.published.length - published, (count) => count > 3 * 12 * 45);
  const { membership, hasQuorum } = await leader.status();
  expect([membership['n1']?.status, hasQuorum, leader.cluster.mandate().isLeader]).toEqual(['HEALTHY', false, false]);
  expect(trio.events().filter(({ subject, type }) => subject === 'n1' && type.includes('down'))).toEqual([]);
});

test('a new leader gives no false verdict, and finds who really is gone', async () => {
  const nodes = ['n1', 'n2', 'n3'].map((nodeId) => beating({ nodeId }, overBus(trio.bus)));
  let leader = await trio.leader();
  for (const nodeId of ['n1', 'n2', 'n3', 'c1', 'c2', 'c3']) await trio.until(leader, nodeId, 'HEALTHY');
  // What was agreed, not what was told: that comes later, and more than once.
  const before = leader.cluster.membership.changesAfter(0, 1e6).at(-1)?.index ?? 0;
  for (let turn = 0; turn < 4; turn++) {
    leader = await trio.handOver();
  }
  const agreed = () => leader.cluster.membership.changesAfter(before, 1e6).map((change) => (change.kind === 'transition' ? `${change.member.nodeId} ${change.from} to ${change.member.status}` : change.kind));
  expect(agreed()).toEqual([]);
  await nodes[0]?.stop();
  await trio.until(leader, 'n1', 'DOWN');
  expect(agreed().filter((text) => !text.startsWith('n1 '))).toEqual([]);
});

test('events come in order and at least once over a leader change and an outage of the bus, with index and term, and the place is known to all', async () => {
  const node = beating({ nodeId: 'n1' }, overBus(trio.bus));
  let leader = await trio.leader();
  await trio.until(leader, 'n1', 'HEALTHY');
  const done = async (what: 'cordon' | 'uncordon') => expect((await cordon(leader, what, 'n1')).status).toBe(200);
  await done('cordon');
  trio.bus.take();
  await done('uncordon');
  leader = await trio.handOver();
  await done('cordon');
  trio.bus.giveBack();
  await done('uncordon');
  await node.stop();
  await trio.until(leader, 'n1', 'DOWN');
  const placesOf = () => trio.events().map(({ id }) => id.split('/').map(Number).slice(1));
  const firstsOf = () => placesOf().filter((place, position, all) => all.findIndex((other) => String(other) === String(place)) === position);
  const key = ([term = 0, index = 0, ordinal = 0]: number[]): number => term * 1e9 + index * 1e3 + ordinal;
  const agreed = () => leader.cluster.membership.changesAfter(0, 1e6).filter(({ kind }) => kind !== 'removed').map(({ term, index, ordinal }) => key([term, index, ordinal]));
  // Something may be agreed at any time, and is told a moment later.
  await eventually('all is published', () => [firstsOf().length, agreed().length], ([told, known]) => told === known);
  const firsts = firstsOf();
  expect(firsts.map(key)).toEqual(firsts.map(key).toSorted((a, b) => a - b));
  expect(firsts.map(key)).toEqual(agreed());
  expect(new Set(firsts.map(([term]) => term)).size).toBeGreaterThan(1);
  const told = placesOf().length;
  await eventually('all know the same place', () => [...trio.places.values()].map(({ cluster }) => [cluster.membership.publishedIndex, cluster.membership.outboxLength].join()), (all) => new Set(all).size === 1 && all[0]?.endsWith(',0') === true);
  // Nothing of that is told again.
  expect(placesOf().slice(told).map(key).filter((place) => firsts.map(key).includes(place))).toEqual([]);
});

test('a leader that ends in order hands over first: the next one records that it left, and orders hardly wait', async () => {
  beating({ nodeId: 'n1' }, overBus(trio.bus));
  const leader = await trio.leader();
  for (const nodeId of ['n1', 'c1', 'c2', 'c3']) await trio.until(leader, nodeId, 'HEALTHY');
  const { term } = leader.group.status();
  const ending = trio.end(leader);
  const next = await trio.leader();
  expect(next.group.status().term).toBe(term + 1);
  await ending;
  const { membership } = await trio.until(next, leader.nodeId, 'LEFT');
  expect(membership[leader.nodeId]).toMatchObject({ status: 'LEFT', term: term + 1 });
  expect((await cordon(next, 'cordon', 'n1')).status).toBe(200);
});

test('who comes back goes on with the group, and is told what it missed', async () => {
  beating({ nodeId: 'n1' }, overBus(trio.bus));
  const leader = await trio.leader();
  const [away] = trio.others(leader);
  for (const nodeId of ['n1', 'c1', 'c2', 'c3']) await trio.until(leader, nodeId, 'HEALTHY');
  await trio.end(away);
  expect((await cordon(leader, 'cordon', 'n1')).status).toBe(200);
  const back = await trio.open(away.nodeId);
  await eventually('it knows', back.status, ({ membership }) => membership['n1']?.marks.includes('cordoned') === true);
  await trio.until(leader, away.nodeId, 'HEALTHY');
  expect(back.group.status()).toMatchObject({ state: 'follower', clusterId: leader.group.status().clusterId });
});

test('a member that died while no coordinator was there is found by those who know it from the log only', async () => {
  const node = beating({ nodeId: 'n1' }, overBus(trio.bus));
  beating({ nodeId: 'n2' }, overBus(trio.bus));
  const leader = await trio.leader();
  for (const nodeId of ['n1', 'n2', 'c1', 'c2', 'c3']) await trio.until(leader, nodeId, 'HEALTHY');
  await Promise.all([...trio.places.values()].map((place) => trio.end(place)));
  await node.stop();
  await Promise.all(['c1', 'c2', 'c3'].map((nodeId) => trio.open(nodeId)));
  const next = await trio.leader();
  const { membership } = await trio.until(next, 'n1', 'DOWN');
  expect(membership['n2']?.status).toBe('HEALTHY');
});

test('where all are stopped, the last two together, each of them has left', async () => {
  const leader = await trio.leader();
  for (const nodeId of ['c1', 'c2', 'c3']) await trio.until(leader, nodeId, 'HEALTHY');
  const [one, other] = trio.others(leader);
  await trio.end(one);
  await Promise.all([trio.end(leader), trio.end(other)]);
  const agreed = [leader, other].map(({ cluster }) => ['c1', 'c2', 'c3'].map((nodeId) => cluster.membership.member(nodeId)?.record.status));
  expect(agreed).toContainEqual(['LEFT', 'LEFT', 'LEFT']);
});
