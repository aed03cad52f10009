/** Linearizable reads without a write (thesis 6.4). */
import { Group } from '../testing/group.js';
import type { Message } from './index.js';

const three = (options: { settings?: ConstructorParameters<typeof Group>[0]['settings'] } = {}): Group => new Group({ voters: ['a', 'b', 'c'], ...options });
const between = (left: string, right: string) => (message: Message): boolean => !([message.from, message.to].includes(left) && [message.from, message.to].includes(right));
const without = (...peers: string[]) => (message: Message): boolean => !peers.includes(message.from) && !peers.includes(message.to);

describe('reads', () => {
  test('no index is given before an entry of the own term is committed', () => {
    const group = three();
    group.lets = (message) => message.kind !== 'append';
    group.raft('a').campaign();
    group.settle('a');
    group.deliver();
    group.raft('a').requestRead(1);
    group.settle('a');
    expect(group.reads).toEqual([{ requestId: 1, index: null, by: 'a' }]);
  });

  test('an index is given only after a round that began later was answered by a majority', () => {
    const group = three();
    group.elect('a');
    group.run(2);
    group.lets = between('a', 'b');
    const block = group.lets;
    group.lets = (message) => block(message) && between('a', 'c')(message);
    group.raft('a').requestRead(1);
    group.settle('a');
    group.deliver();
    expect(group.reads).toEqual([]);
    group.lets = block;
    group.tick('a');
    group.deliver();
    expect(group.reads).toEqual([{ requestId: 1, index: 1, by: 'a' }]);
  });

  test('a leader that was replaced unawares gives none', () => {
    const group = three();
    group.elect('a');
    group.lets = without('a');
    for (let ticked = 0; ticked < 40 && (group.leader === 'a' || group.leader === null); ticked++) {
      group.tick('b');
      group.tick('c');
      group.deliver();
    }
    expect(group.leader).not.toBe('a');
    group.raft('a').requestRead(1);
    group.settle('a');
    group.deliver();
    group.lets = () => true;
    group.run(3);
    expect(group.reads).toEqual([{ requestId: 1, index: null, by: 'a' }]);
  });

  test('followers answer them through the leader', () => {
    const group = three();
    group.elect('a');
    group.propose('a', 'x');
    group.run(2);
    group.raft('b').requestRead(5);
    group.settle('b');
    group.deliver();
    expect(group.reads).toEqual([{ requestId: 5, index: 2, by: 'b' }]);
  });

  test('a lease counts from when heartbeats were sent, and ends before anybody else can be elected', () => {
    const group = three({ settings: { leases: true } });
    group.elect('a');
    group.run(3);
    expect(group.raft('a').holdsLease).toBe(true);
    group.lets = without('a');
    group.tick('a', 9);
    expect(group.raft('a').holdsLease).toBe(false);
    expect(group.raft('a').status().role).toBe('leader');
  });
});

test('with too many reads waiting further ones are told to ask again', () => {
  const group = three({ settings: { readsMax: 1 } });
  group.elect('a');
  group.lets = () => false;
  for (const requestId of [1, 2]) group.raft('a').requestRead(requestId);
  group.settle('a');
  expect(group.reads).toEqual([{ requestId: 2, index: null, by: 'a' }]);
});

test('a member that knows of no leader says so at once', () => {
  const group = three();
  group.raft('b').requestRead(1);
  group.settle('b');
  expect(group.reads).toEqual([{ requestId: 1, index: null, by: 'b' }]);
});

test('reads that wait share a round of heartbeats', () => {
  const group = three();
  group.elect('a');
  group.run(2);
  for (const requestId of [1, 2, 3]) group.raft('a').requestRead(requestId);
  group.settle('a');
  expect(group.wire.filter(({ kind }) => kind === 'heartbeat')).toHaveLength(2);
  group.deliver();
  expect(group.reads.map(({ index }) => index)).toEqual([1, 1, 1]);
});

test('without the option no lease is held', () => {
  const group = three();
  group.elect('a');
  group.run(3);
  expect(group.raft('a').holdsLease).toBe(false);
});

test('the answer to a round that was sent long ago renews no lease', () => {
  const group = three({ settings: { leases: true } });
  group.elect('a');
  group.run(3);
  group.tick('a');
  const replies: Message[] = [];
  group.lets = (message) => {
    if (message.kind === 'heartbeat-reply') replies.push(message);
    return message.kind !== 'heartbeat-reply';
  };
  group.deliver();
  group.tick('a', 9);
  group.lets = () => false;
  for (const reply of replies) group.hand(reply);
  expect(group.raft('a').status().role).toBe('leader');
  expect(group.raft('a').holdsLease).toBe(false);
});
