/** A coordinator alone in its group: everything that the application asks of it. Groups of several are in test/. */
import { eventually, until } from '@muster/testing';
import { bytesOf, Coordinators } from '../../testing/coordinators.js';

const all = new Coordinators({ expect: 1 });
afterEach(() => Promise.all([...all.running.keys()].map((nodeId) => all.stop(nodeId))));
afterAll(() => all.stopAll());

test('one that expects nobody else founds a group of its own, leads it, commits and reads', async () => {
  const { group, machine } = await all.start('alone');
  expect(group.status()).toMatchObject({ state: 'forming', clusterId: null, hasQuorum: false, leaderId: null, peers: [] });
  await until('it leads', () => group.isLeader());
  const { index, result } = await group.propose(bytesOf('x'));
  expect(result).toBe(1);
  expect(await group.read()).toBeGreaterThanOrEqual(index);
  expect(machine.texts).toEqual(['x']);
  const status = await eventually('its status follows', () => group.status(), ({ state, hasQuorum }) => state === 'leader' && hasQuorum);
  expect(status).toMatchObject({ cluster: 'test', nodeId: 'alone', detail: '', hasQuorum: true, leaderId: 'alone', appliedIndex: index });
  expect(status.peers).toEqual([expect.objectContaining({ nodeId: 'alone', storeId: group.storeId, voter: true, silentMs: 0 })]);
  expect(group.leader()).toEqual({ nodeId: 'alone', httpUrl: status.peers[0]?.httpUrl });
});

test('what it committed is there after a restart, from a snapshot and from the log', async () => {
  const first = await all.start('again');
  await until('it leads', () => first.group.isLeader());
  await first.group.propose(bytesOf('x'));
  const snapshotIndex = await first.group.compact();
  const last = await first.group.propose(bytesOf('y'));
  const { clusterId } = first.group.status();
  await all.stop('again');
  // What it knew stays true: nobody may see its term or index go back.
  expect(first.group.status()).toMatchObject({ state: 'shutdown', detail: 'it was stopped', clusterId, term: 2, appliedIndex: last.index, hasQuorum: false, leaderId: null });
  const second = await all.start('again', { expect: 3 });
  await until('it leads', () => second.group.isLeader());
  await second.group.read();
  expect(second.machine.texts).toEqual(['x', 'y']);
  expect(second.group.status()).toMatchObject({ clusterId, snapshotIndex });
});

test('before there is a group nothing is committed, and it says what it waits for', async () => {
  const { group } = await all.start('waits', { expect: 3, discover: () => Promise.resolve([]) });
  await expect(group.propose(bytesOf('x'))).rejects.toMatchObject({ name: 'RaftUnavailable', code: 'not-leader' });
  await expect(group.removePeer('waits')).rejects.toMatchObject({ code: 'not-leader' });
  await until('it says so', () => group.status().detail.startsWith("1 of 3 coordinators see each other ('waits')"));
  expect(group.leader()).toBeNull();
});

test('a port in use and a store in use are told at the start, before there is a group', async () => {
  const { group } = await all.start('here', { expect: 3 });
  const port = Number(new URL(group.introduce('').body.raftUrl.replace('raft:', 'http:')).port);
  await expect(all.start('there', { port })).rejects.toThrow('EADDRINUSE');
  await expect(all.start('there', { disk: 'here' })).rejects.toThrow('another process is using it');
});

test('the only voter can neither be removed nor hand over', async () => {
  const { group } = await all.start('only');
  await until('it leads', () => group.isLeader());
  await expect(group.removePeer('only')).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('only member with a vote') });
  await expect(group.transfer()).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('nobody can take over') });
  await expect(group.removePeer('nobody')).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining("'nobody' is no member") });
});

test('what is counted has the same names before there is a group as after: whoever reads them at the start misses none', async () => {
  const { group } = await all.start('counts', { expect: 1 });
  const before = Object.keys(group.counters()).toSorted();
  expect(before).toEqual(expect.arrayContaining(['elections', 'messagesSent', 'callersCrowdedOut', 'duties', 'formationRounds', 'joinNoncesRefused', 'diskFreeBytes']));
  expect(group.counters()['elections']).toBe(0);
  await until('it has elected itself', () => (group.counters()['elections'] ?? 0) > 0);
  expect(Object.keys(group.counters()).toSorted()).toEqual(before);
});

test('a command of many megabytes is agreed on like any other, and one that is longer than it may be is refused in words', async () => {
  const { group, machine } = await all.start('large', { commandBytesMax: 3_000_000 });
  await until('it leads', () => group.isLeader());
  const [one, other] = ['a'.repeat(2_999_999), 'b'.repeat(1_000_000)];
  const [first, second] = await Promise.all([group.propose(bytesOf(one)), group.propose(bytesOf('between')), group.propose(bytesOf('c'))]);
  expect([first.result, second.result]).toEqual([3, 1]);
  await group.propose(bytesOf(other));
  expect(machine.texts.map((text) => `${text[0]} ${text.length}`)).toEqual(['b 7', 'c 1', 'a 2999999', 'b 1000000']);
  await expect(group.propose(bytesOf('d'.repeat(3_000_001)))).rejects.toMatchObject({ code: 'refused', message: 'it has 3000001 bytes, and at most 3000000 are agreed on at once' });
});

test('large commands that are proposed together are agreed on one after the other: none takes the place of another', async () => {
  const { group, machine } = await all.start('several');
  await until('it leads', () => group.isLeader());
  const large = ['a', 'b', 'c'].map((letter) => letter.repeat(1_000_000));
  await Promise.all(large.map((text) => group.propose(bytesOf(text))));
  expect(machine.texts.map((text) => `${text[0]} ${text.length}`)).toEqual(['a 1000000', 'b 1000000', 'c 1000000']);
});
