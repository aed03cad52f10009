/** Three real processes on loopback, with real disks: what a group promises to those who use it. */
import { until } from '@muster/testing';
import { Processes } from '../testing/processes.js';

let group: Processes;
beforeEach(async () => {
  group = new Processes(['a', 'b', 'c']);
  await group.startAll();
});
afterEach(() => group.stopAll());

async function leads(): Promise<string> {
  return until('somebody leads', () => group.leader());
}

/** What a member has applied once it can vouch that it is up to date. */
async function textsAt(id: string): Promise<readonly string[]> {
  return (await group.call(id, 'read', 20_000)).texts;
}

test('they elect one, commit, and everybody reads what was committed', async () => {
  const { index } = await group.commit('x');
  await group.commit('y');
  expect(index).toBeGreaterThan(1);
  for (const id of group.ids) expect(await textsAt(id)).toEqual(['x', 'y']);
});

test('a follower does not commit, and says who leads', async () => {
  await group.commit('x');
  await until('one says who leads', async () => {
    const leader = await leads();
    const follower = group.ids.find((id) => id !== leader) ?? '';
    const refusal = await group.call(follower, 'propose', 'y', 20_000).then(() => null, (error: { readonly code?: string; readonly leaderId?: string }) => error);
    return refusal?.code === 'not-leader' && refusal.leaderId === leader;
  });
});

test('nothing that was acknowledged is lost when the leader is killed, and it catches up when it is back', async () => {
  await group.commit('before');
  const killed = await leads();
  await group.signal(killed, 'SIGKILL');
  const { by } = await group.commit('without it');
  expect(by).not.toBe(killed);
  await group.start(killed);
  const texts = await until('it has caught up', async () => {
    const seen = await textsAt(killed);
    return seen.includes('without it') ? seen : null;
  });
  expect(texts[0]).toBe('before');
});

test('all of them are killed and come back at other addresses, of which each knows only old ones of some', async () => {
  await group.commit('before');
  const before = await Promise.all(group.ids.map(async (id) => (await group.call(id, 'status')).address));
  for (const id of group.ids) await group.signal(id, 'SIGKILL');
  for (const id of group.ids) await group.start(id);
  await group.commit('after');
  const after = await Promise.all(group.ids.map(async (id) => (await group.call(id, 'status')).address));
  expect(after).not.toEqual(before);
  for (const id of group.ids) expect(await textsAt(id)).toEqual(expect.arrayContaining(['before', 'after']));
});

test('leadership is handed over on request', async () => {
  await group.commit('x');
  const from = await leads();
  await group.handTo(group.ids.find((id) => id !== from) ?? '');
  await group.commit('y');
});

test('a leader that stood still answers no stale read when it goes on', async () => {
  await group.commit('x');
  const stopped = await leads();
  await group.signal(stopped, 'SIGSTOP');
  const others = group.ids.filter((id) => id !== stopped);
  await until('another leads', async () => (await Promise.all(others.map((id) => group.call(id, 'status')))).some(({ role }) => role === 'leader'));
  const next = await until('it commits', async () => {
    for (const id of others) if ((await group.call(id, 'propose', 'y', 1000).catch(() => null)) !== null) return id;
    return null;
  });
  const read = textsAt(stopped);
  await group.signal(stopped, 'SIGCONT');
  expect(await read).toEqual(await textsAt(next));
});

test('a leader whose main thread is busy for longer than an election timeout leads on', async () => {
  await group.stopAll();
  // Elections after three to six seconds: a machine that is busy as well should not look like a thread that is.
  group = new Processes(['a', 'b', 'c'], { electionTicks: 300 });
  await group.startAll();
  await group.commit('x');
  const leader = await leads();
  const { term } = await group.call(leader, 'status');
  await group.call(leader, 'block', 7000);
  expect(await group.call(leader, 'propose', 'y', 10_000)).toMatchObject({ term });
});

test('a member whose log was cut away is brought up by a snapshot', async () => {
  await group.commit('x');
  const leader = await leads();
  const behind = group.ids.find((id) => id !== leader) ?? '';
  await group.signal(behind, 'SIGKILL');
  const texts: string[] = [];
  for (let count = 0; count < 20; count++) texts.push(`y${count}`);
  for (const text of texts) await group.commit(text);
  for (const id of group.ids.filter((each) => each !== behind)) await group.call(id, 'compact');
  // Entries before a snapshot are kept in memory for such a case; a restart forgets them.
  for (const id of group.ids.filter((each) => each !== behind)) {
    await group.signal(id, 'SIGKILL');
    await group.start(id);
  }
  await group.start(behind);
  expect(await textsAt(behind)).toEqual(['x', ...texts]);
});

test('a newcomer learns first, is promoted, and counts: with it and one of the old ones gone the rest goes on', async () => {
  await group.commit('x');
  await group.start('d');
  for (const id of ['a', 'b', 'c', 'd']) await group.call(id, 'peers', group.peers());
  await group.atLeader('d learns', (leader) => group.call(leader, 'change', { addLearners: ['d'] }, 20_000));
  expect(await textsAt('d')).toEqual(['x']);
  await group.atLeader('d has a vote', (leader) => group.call(leader, 'change', { addVoters: ['d'] }, 20_000));
  const leader = await leads();
  await group.signal(group.ids.find((id) => id !== leader) ?? '', 'SIGKILL');
  await group.commit('y');
  expect(await textsAt('d')).toEqual(['x', 'y']);
  expect((await group.call('d', 'status')).config.voters).toEqual(['a', 'b', 'c', 'd']);
});

test('a store in use keeps a second process from starting on it', async () => {
  await expect(group.start('a')).rejects.toThrow('another process is using it');
});
