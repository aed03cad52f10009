/** Coordinators that have to become one group, on loopback, whatever happens while they do. */
import { until } from '@muster/testing';
import { Coordinators } from '../testing/coordinators.js';
import type { Newcomer } from '../src/group/directory.js';
import { clusterIdOf } from '../src/group/formation.js';
import { foundingState } from '../src/group/envelope.js';
import { RaftStore } from '../src/store/raft-store.js';

let all: Coordinators;
beforeEach(() => (all = new Coordinators()));
afterEach(() => all.stopAll());

const textsOf = (nodeId: string): string[] => all.running.get(nodeId)?.machine.texts ?? [];

/** Of three that ran and saw nobody. */
async function threeDisks(): Promise<Newcomer[]> {
  const started = await Promise.all(['a', 'b', 'c'].map((nodeId) => all.start(nodeId, { discover: () => Promise.resolve([]) })));
  const members = started.map(({ group }) => group.introduce('').body).map(({ nodeId, storeId, httpUrl, raftUrl }) => ({ nodeId, storeId, httpUrl, raftUrl }));
  for (const { nodeId } of started) await all.stop(nodeId);
  return members;
}

test('three found one group, commit, and all apply the same', async () => {
  await Promise.all(['a', 'b', 'c'].map((nodeId) => all.start(nodeId)));
  await all.settled(3);
  await all.commit('x');
  await until('all have it', () => ['a', 'b', 'c'].every((nodeId) => textsOf(nodeId).join() === 'x'));
  expect(all.clusterIds()).toHaveLength(1);
});

test('a part of them never founds a group of its own, however long it waits', async () => {
  const [a, b] = await Promise.all(['a', 'b'].map((nodeId) => all.start(nodeId)));
  await until('both wait for the third', () => [a, b].every((one) => one?.group.status().detail.startsWith('2 of 3 coordinators see each other')));
  await all.rounds(5);
  expect(all.clusterIds()).toEqual([null]);
  expect(a?.group.introduce('').body.promise).toBeNull();
  await all.start('c');
  await all.settled(3);
});

test('two that expect different numbers found nothing and say why, until they expect the same', async () => {
  const a = await all.start('a', { expect: 2 });
  await all.start('b', { expect: 3 });
  await until('it says so', () => a.group.status().detail.startsWith("'b' expects 3 coordinators and 'a' 2: give all the same raft.expect"));
  expect(all.clusterIds()).toEqual([null]);
  await all.stop('b');
  await all.start('b', { expect: 2 });
  await all.settled(2);
});

test('of four candidates three found the group, and the fourth joins it and gets a vote', async () => {
  await Promise.all(['d', 'c', 'b', 'a'].map((nodeId) => all.start(nodeId)));
  await all.settled(4);
  expect(all.clusterIds()).toHaveLength(1);
});

test('two with one name are told apart by their disks, and nothing is founded with them', async () => {
  const a = await all.start('a', { expect: 2 });
  const twin = await all.start('a', { expect: 2, disk: 'twin' });
  await until('it says so', () => a.group.status().detail.startsWith("two coordinators are called 'a'"));
  expect(twin.group.status().clusterId).toBeNull();
  await a.group.stop();
  await a.door.close();
});

test('whoever does not know the secret is not counted, and the others say so', async () => {
  const a = await all.start('a', { expect: 2 });
  await all.start('b', { expect: 2, secret: 'another secret here' });
  await until('it says so', () => a.group.status().detail.includes('it does not know the secret of the cluster'));
  expect(all.clusterIds()).toEqual([null]);
});

test('coordinators of another cluster at a known address are left alone', async () => {
  const a = await all.start('a', { expect: 1 });
  await until('a leads', () => a.group.isLeader());
  const b = await all.start('b', { expect: 1, cluster: 'other' });
  await until('b leads its own', () => b.group.isLeader());
  expect(all.clusterIds()).toHaveLength(2);
});

test('a crash right after the store was founded, with all promised: the others found the same group, and it is there after its restart', async () => {
  const members = await threeDisks();
  for (const nodeId of ['a', 'b', 'c']) {
    const store = RaftStore.open(all.storeOf(nodeId));
    store.putNote('promise', JSON.stringify({ round: 0, members }));
    // It came so far, and no further.
    if (nodeId === 'a') store.found(clusterIdOf('test', members), foundingState(members));
    store.close();
  }
  await Promise.all(['b', 'c'].map((nodeId) => all.start(nodeId)));
  await until('they wait for it', () => [...all.running.values()].every(({ group }) => /'a' at .* has not agreed yet/.test(group.status().detail)));
  await all.start('a');
  await all.settled(3);
  expect(all.clusterIds()).toEqual([clusterIdOf('test', members)]);
});

test('what is promised is on the disk, and told again after a restart', async () => {
  const a = await all.start('a', { expect: 2 });
  await all.start('b', { expect: 2, discover: () => Promise.resolve([]) });
  const promise = await until('it promises', () => a.group.introduce('').body.promise);
  expect(promise.members.map(({ nodeId }) => nodeId)).toEqual(['a', 'b']);
  await all.stop('a');
  const store = RaftStore.open(all.storeOf('a'));
  expect(JSON.parse(store.note('promise') ?? '')).toEqual(promise);
  store.close();
  const again = await all.start('a', { expect: 2, discover: () => Promise.resolve([]) });
  expect(again.group.introduce('').body.promise).toEqual(promise);
});

test('a promise survives a restart: those who gave it do not found with others instead', async () => {
  const members = await threeDisks();
  for (const nodeId of ['b', 'c']) {
    const store = RaftStore.open(all.storeOf(nodeId));
    store.putNote('promise', JSON.stringify({ round: 0, members }));
    store.close();
  }
  const b = await all.start('b');
  await all.start('c');
  await all.start('d');
  await until('it waits for a', () => /'a' at .* has not agreed yet/.test(b.group.status().detail));
  await all.rounds(4);
  expect(all.clusterIds()).toEqual([null]);
  await all.start('a');
  await all.settled(4);
});

test('one whose disk was wiped while the group was being formed founds it with the others as the member that it is now', async () => {
  const members = await threeDisks();
  for (const nodeId of ['a', 'b']) {
    const store = RaftStore.open(all.storeOf(nodeId));
    store.putNote('promise', JSON.stringify({ round: 0, members }));
    store.close();
  }
  all.wipe('c');
  await Promise.all(['a', 'b', 'c'].map((nodeId) => all.start(nodeId)));
  await all.settled(3);
});
