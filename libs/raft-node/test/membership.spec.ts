/** Members that come, go, move and lose their disks, in groups on loopback. */
import type { RaftJoin } from '@muster/contracts';
import { until } from '@muster/testing';
import { Introductions } from '../src/group/introductions.js';
import { RaftStore } from '../src/store/raft-store.js';
import { type Coordinator, Coordinators } from '../testing/coordinators.js';

let all: Coordinators;
/** Whoever stands still for two seconds is neither gone nor out of touch: these tests are about those who are. */
beforeEach(() => (all = new Coordinators({ heartbeatMs: 200, electionTimeoutMs: 2000 })));
afterEach(() => all.stopAll());

async function three(): Promise<Coordinator> {
  await Promise.all(['a', 'b', 'c'].map((nodeId) => all.start(nodeId)));
  return all.settled(3);
}

const votersOf = ({ group }: Coordinator): string[] => group.status().peers.filter(({ voter }) => voter).map(({ nodeId }) => nodeId);
const notLeading = async (): Promise<Coordinator> => {
  const leader = await all.leader();
  const other = [...all.running.values()].find(({ nodeId }) => nodeId !== leader.nodeId);
  if (other === undefined) throw new Error('there is nobody else');
  return other;
};
/** Whoever leads now hands over, as often as it takes until such a one leads: a slow machine may elect others in between. */
const handedTo = (what: string, isHeir: (nodeId: string) => boolean, to?: string): Promise<Coordinator> =>
  until(what, async () => {
    const leader = await all.leader();
    if (isHeir(leader.nodeId)) return leader;
    await leader.group.transfer(to).catch(() => null);
    return null;
  });
/** A change may outlast the wait for its answer and still go on: the test looks at what comes of it. */
const unlessUnderWay = (error: Error & { readonly code?: string }): void => {
  if (error.code !== 'unknown') throw error;
};
const join = async ({ group }: Coordinator, request: RaftJoin) => group.join(request, await group.joinNonce());
const joinOf = ({ group }: Coordinator): RaftJoin => {
  const { cluster, nodeId, storeId, httpUrl, raftUrl } = group.introduce('').body;
  return { cluster, nodeId, storeId, httpUrl, raftUrl };
};

test('one that comes later learns all that was committed before, and gets a vote by itself', async () => {
  const leader = await three();
  await all.commit('x');
  await leader.group.compact();
  await all.commit('y');
  const d = await all.start('d', { expect: 1 });
  await all.settled(4);
  expect(d.machine.texts).toEqual(['x', 'y']);
  expect(d.group.status().peers.map(({ nodeId }) => nodeId)).toEqual(['a', 'b', 'c', 'd']);
});

test('one that ended between its admission and its first entry of the log, and moved, gets the log and a vote all the same', async () => {
  await three();
  const known = [...all.addresses];
  const only = { discover: () => Promise.resolve(known) };
  // Taken in as an address where nobody listens: it ended right after, and its store is one of the group.
  const store = RaftStore.open(all.storeOf('d'));
  const { storeId } = store.identity;
  const { clusterId } = await all.atLeader((leader) => join(leader, { cluster: 'test', nodeId: 'd', storeId, httpUrl: 'http://127.0.0.1:9', raftUrl: 'raft://127.0.0.1:9' }));
  store.found(clusterId, { hard: { term: 0, votedFor: null, commit: 0 }, snapshot: null, entries: [] });
  store.close();
  const d = await all.start('d', only);
  all.addresses.splice(known.length);
  await all.settled(4);
  expect(d.group.storeId).toBe(storeId);
});

test('a wish to join is passed by nobody but the leader, and answers who belongs', async () => {
  await three();
  const other = await until('one says who leads', async () => {
    const one = await notLeading();
    const { nodeId } = await all.leader();
    const refusal = await one.group.join(joinOf(one), '').then(() => null, (error: { readonly code?: string; readonly leaderId?: string }) => error);
    return refusal?.code === 'not-leader' && refusal.leaderId === nodeId ? one : null;
  });
  const answer = await all.atLeader((leader) => join(leader, joinOf(other)));
  expect(answer.clusterId).toBe(other.group.status().clusterId);
  expect(answer.peers.map(({ nodeId: id, voter }) => [id, voter])).toEqual([['a', true], ['b', true], ['c', true]]);
});

test('one with a wiped disk comes back as a new member under its name, without two that vote under it', async () => {
  await three();
  const lost = await notLeading();
  await all.commit('x');
  await all.stop(lost.nodeId);
  all.wipe(lost.nodeId);
  const back = await all.start(lost.nodeId);
  await all.settled(3);
  expect(back.group.storeId).not.toBe(lost.group.storeId);
  expect(back.machine.texts).toEqual(['x']);
  expect((await all.leader()).group.status().peers.map(({ storeId }) => storeId)).not.toContain(lost.group.storeId);
});

test('another with the name of a member that runs is refused', async () => {
  const leader = await three();
  const other = await notLeading();
  await expect(all.atLeader((one) => join(one, { ...joinOf(other), storeId: '7b0f7d4e-5c9b-4b57-9b53-0d5a52f6c1aa' }))).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('give each coordinator its own node.id') });
  expect(votersOf(leader)).toEqual(['a', 'b', 'c']);
});

test('a wish to join that somebody captured buries nobody, once the member is down or another leads; one of now does', async () => {
  const leader = await three();
  const victim = await notLeading();
  const another = { ...joinOf(victim), storeId: '7b0f7d4e-5c9b-4b57-9b53-0d5a52f6c1aa' };
  // Refused while the member is heard. What was sent is the same that would put it out of the group when it is not.
  const wish = () => new Introductions(all.secret, () => Promise.resolve([])).join(leader.door.url, another, new AbortController().signal);
  expect(await wish()).toMatchObject({ kind: 'refused' });
  const captured = leader.door.overheard.find(({ body }) => body.includes(another.storeId));
  const replay = async (at: Coordinator) => (await fetch(`${at.door.url}/raft/join`, { method: 'POST', ...captured })).json() as Promise<{ message: string }>;
  await all.stop(victim.nodeId);
  const belongs = () => leader.group.status().peers.some(({ storeId }) => storeId === victim.group.storeId);
  // Expired on a machine that is slow enough; on none it is taken.
  expect((await replay(leader)).message).toMatch(/was used before|was given more than|leads|no leader is known/);
  await handedTo('another leads', (nodeId) => nodeId !== leader.nodeId);
  await until('it is nothing to another leader', async () => {
    const next = await handedTo('another leads', (nodeId) => nodeId !== leader.nodeId);
    return (await replay(next)).message.includes('was not given by this leader');
  });
  expect(belongs()).toBe(true);
  await handedTo('it leads again', (nodeId) => nodeId === leader.nodeId, leader.nodeId);
  expect(belongs()).toBe(true);
  await until('another wish puts it out, since it is out of touch by now', async () => {
    const reception = await wish();
    return reception.kind === 'later' && reception.reason.includes('is being removed first');
  });
  await until('it is buried', () => !belongs());
});

test('one that was removed knows it, and joins no more by itself, not after a restart either', async () => {
  await three();
  const gone = await notLeading();
  await all.atLeader(({ group }) => group.removePeer(gone.nodeId));
  await until('it knows', () => gone.group.status().state === 'removed');
  await all.stop(gone.nodeId);
  await all.settled(2);
  const again = await all.start(gone.nodeId);
  await until('it is told', () => again.group.status().state === 'removed');
  expect(again.group.status().detail).toContain('was removed from the group');
  await expect(all.atLeader((leader) => join(leader, joinOf(again)))).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('was removed') });
  expect(votersOf(await all.leader())).not.toContain(gone.nodeId);
});

test('one that was removed while it was away is told when it comes back', async () => {
  await three();
  const gone = await notLeading();
  await all.stop(gone.nodeId);
  await all.atLeader(({ group }) => group.removePeer(gone.nodeId));
  const again = await all.start(gone.nodeId);
  await until('it is told', () => again.group.status().state === 'removed');
  expect((await all.leader()).group.isLeader()).toBe(true);
});

test('a leader that is removed leaves the others with a leader', async () => {
  await three();
  const leader = await all.atLeader(async (one) => {
    await one.group.removePeer(one.nodeId);
    return one;
  });
  await until('it knows', () => leader.group.status().state === 'removed');
  await all.stop(leader.nodeId);
  await all.settled(2);
  await all.commit('x');
});

test('nobody is removed when the rest would be no majority', async () => {
  await three();
  const dead = await notLeading();
  await all.stop(dead.nodeId);
  await expect(all.atLeader(async ({ group }) => group.removePeer([...all.running.keys()].find((nodeId) => nodeId !== group.nodeId) ?? ''))).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('which is no majority') });
  await all.atLeader(({ group }) => group.removePeer(dead.nodeId));
  await all.settled(2);
});

test('one takes over the vote of another in one step', async () => {
  await three();
  const old = await notLeading();
  const d = await all.start('d', { discover: () => Promise.resolve([]) });
  const wish = joinOf(d);
  const replaced = all.atLeader(({ group }) => group.replacePeer(old.nodeId, wish)).catch(unlessUnderWay);
  // It learns of its group as any newcomer does.
  await all.stop('d');
  await until('it is entered', async () => (await all.leader()).group.status().peers.some(({ nodeId }) => nodeId === 'd'));
  await all.start('d');
  await replaced;
  const now = ['a', 'b', 'c', 'd'].filter((nodeId) => nodeId !== old.nodeId).join();
  await until('it has the vote', async () => votersOf(await all.leader()).join() === now);
  await all.stop(old.nodeId);
  await all.settled(3);
  expect(votersOf(await all.leader()).join()).toBe(now);
});

test('one that has joined by itself can still be told to replace another, with a vote or without', async () => {
  await three();
  const old = await notLeading();
  const d = await all.start('d');
  await all.settled(4);
  await all.atLeader(({ group }) => group.replacePeer(old.nodeId, joinOf(d)));
  await all.stop(old.nodeId);
  await all.settled(3);
  const e = await all.start('e');
  await until('it is entered', async () => (await all.leader()).group.status().peers.some(({ nodeId }) => nodeId === 'e'));
  await all.atLeader(({ group }) => group.replacePeer('d', joinOf(e)));
  await all.stop('d');
  await all.settled(3);
  expect(votersOf(await all.leader())).toEqual([...['a', 'b', 'c'].filter((nodeId) => nodeId !== old.nodeId), 'e']);
});

test('leadership is handed to whom it should, or to the one that has most', async () => {
  await three();
  const other = await notLeading();
  await handedTo('the one that was named leads', (nodeId) => nodeId === other.nodeId, other.nodeId);
  await handedTo('another one leads', (nodeId) => nodeId !== other.nodeId);
});

test('all addresses change at once, and the group goes on without an operator', async () => {
  const leader = await three();
  await all.commit('x');
  const before = leader.group.status();
  for (const nodeId of ['a', 'b', 'c']) await all.stop(nodeId);
  all.addresses.splice(0);
  await Promise.all(['a', 'b', 'c'].map((nodeId) => all.start(nodeId)));
  await all.settled(3);
  await all.commit('y');
  expect(all.clusterIds()).toEqual([before.clusterId]);
  await until('the directory has the new addresses everywhere', () =>
    [...all.running.values()].every(({ group }) =>
      group.status().peers.every(({ nodeId, httpUrl, raftUrl }) => {
        const now = all.running.get(nodeId)?.group.introduce('').body;
        return httpUrl === now?.httpUrl && raftUrl === now.raftUrl;
      }),
    ),
  );
});

test('one that moves tells the others where it is', async () => {
  await three();
  const mover = await notLeading();
  await all.stop(mover.nodeId);
  const moved = await all.start(mover.nodeId);
  const { httpUrl, raftUrl } = moved.group.introduce('').body;
  await all.settled(3);
  await until('the others know', () => [...all.running.values()].every(({ group }) => group.status().peers.some((peer) => peer.nodeId === mover.nodeId && peer.httpUrl === httpUrl && peer.raftUrl === raftUrl)));
});
