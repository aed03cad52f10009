/** The rules of the paper and the thesis that are easy to get wrong, a test each. */
import { Group } from '../testing/group.js';
import type { Message } from './index.js';

const three = (options: { settings?: ConstructorParameters<typeof Group>[0]['settings'] } = {}): Group => new Group({ voters: ['a', 'b', 'c'], ...options });
const between = (left: string, right: string) => (message: Message): boolean => !([message.from, message.to].includes(left) && [message.from, message.to].includes(right));
const without = (...peers: string[]) => (message: Message): boolean => !peers.includes(message.from) && !peers.includes(message.to);

test('a majority elects one leader, and every member applies what it commits, in order', () => {
  const group = three();
  group.elect('a');
  group.propose('a', 'x');
  group.propose('a', 'y');
  group.run(2);
  for (const id of ['a', 'b', 'c']) expect(group.applied.get(id)).toEqual(['1:', '1:x', '1:y']);
});

test('an entry of an earlier term is not committed by counting, only with one of the own term (paper 5.4.2, figure 8)', () => {
  const group = three({ settings: { appendBytesMax: 1 } });
  group.elect('a');
  group.lets = without('b', 'c');
  group.propose('a', 'old');
  group.deliver();
  group.crash('a');
  group.lets = () => true;
  group.start('a');
  // The entry of term 1 reaches b, the first entry of a's new term does not.
  group.lets = (message) => without('c')(message) && !(message.kind === 'append' && message.entries.some((entry) => entry.term > 1) && message.prevIndex === group.raft('b').status().lastIndex);
  group.raft('a').campaign();
  group.settle('a');
  group.deliver();
  group.run(3);
  expect(group.raft('b').status().lastIndex).toBe(2);
  expect(group.raft('a').status().commitIndex).toBe(1);
  group.lets = () => true;
  group.run(20);
  expect(group.applied.get('c')).toContain('1:old');
});

test('term and vote are written before the answer is sent', () => {
  const group = three();
  group.raft('a').campaign();
  group.settle('a');
  const preVote = group.wire.find((message) => message.kind === 'vote' && message.to === 'b');
  expect(preVote).toMatchObject({ isPre: true, term: 1 });
  const b = group.raft('b');
  b.step({ ...(preVote as Extract<Message, { kind: 'vote' }>), isPre: false });
  const ready = b.ready();
  expect(ready?.early).toEqual([]);
  expect(ready?.hard).toMatchObject({ term: 1, votedFor: 'a' });
  expect(ready?.messages).toMatchObject([{ kind: 'vote-reply', granted: true }]);
});

test('a member that crashes after voting does not vote for somebody else in the same term', () => {
  const group = three();
  const vote = (from: string): Message => ({ kind: 'vote', from, to: 'b', term: 1, isPre: false, lastIndex: 0, lastTerm: 0, isTransfer: false });
  group.hand(vote('a'));
  group.crash('b');
  group.start('b');
  group.wire.length = 0;
  group.hand(vote('c'));
  expect(group.wire).toMatchObject([{ kind: 'vote-reply', to: 'c', granted: false }]);
});

test('entries are acknowledged only when they are durable', () => {
  const group = three();
  group.elect('a');
  const b = group.raft('b');
  b.step({ kind: 'append', from: 'a', to: 'b', term: 1, prevIndex: 1, prevTerm: 1, entries: [{ kind: 'noop', index: 2, term: 1 }], commit: 1 });
  const ready = b.ready();
  expect(ready?.early).toEqual([]);
  expect(ready?.messages).toMatchObject([{ kind: 'append-reply', accepted: true, matchIndex: 2 }]);
});

test('a leader counts itself only when its own write is done', () => {
  const group = three();
  group.elect('a');
  group.run(2);
  const a = group.raft('a');
  a.propose([new Uint8Array([1])]);
  a.step({ kind: 'append-reply', from: 'b', to: 'a', term: 1, accepted: true, matchIndex: 2, rejectedIndex: 0, hintIndex: 0, hintTerm: 0 });
  expect(a.status().commitIndex).toBe(1);
  const ready = a.ready();
  expect(ready?.early.some((message) => message.kind === 'append')).toBe(true);
  if (ready !== null) a.advance(ready);
  expect(a.status().commitIndex).toBe(2);
});

test('a pre-vote changes neither term nor vote, and a member cut off does not disturb the others on its return (thesis 9.6)', () => {
  const group = three();
  group.elect('a');
  group.lets = without('c');
  group.run(100);
  expect(group.raft('c').status().term).toBe(1);
  group.lets = () => true;
  group.run(5);
  expect(group.leader).toBe('a');
  expect(group.raft('a').status().term).toBe(1);
});

test('who hears a living leader helps nobody up, not even with a greater term', () => {
  const group = three();
  group.elect('a');
  group.hand({ kind: 'vote', from: 'c', to: 'b', term: 7, isPre: false, lastIndex: 9, lastTerm: 6, isTransfer: false });
  expect(group.raft('b').status()).toMatchObject({ term: 1, leaderId: 'a' });
  expect(group.wire.filter(({ kind }) => kind === 'vote-reply')).toEqual([]);
});

test('a follower does not refuse the pre-vote of its own leader', () => {
  const group = three();
  group.elect('a');
  group.hand({ kind: 'vote', from: 'a', to: 'b', term: 2, isPre: true, lastIndex: 1, lastTerm: 1, isTransfer: false });
  expect(group.wire).toMatchObject([{ kind: 'vote-reply', granted: true }]);
});

test('granting a pre-vote does not put off an election of our own', () => {
  const group = three();
  const voters = (): number => group.wire.filter(({ kind, from }) => kind === 'vote' && from === 'b').length;
  for (let ticked = 0; ticked < 20 && voters() === 0; ticked++) {
    group.tick('b');
    group.hand({ kind: 'vote', from: 'c', to: 'b', term: 1, isPre: true, lastIndex: 0, lastTerm: 0, isTransfer: false });
  }
  expect(voters()).toBeGreaterThan(0);
});

test('the refusal of a pre-vote carries our term, so that a candidate that lags catches up', () => {
  const group = three();
  group.elect('a');
  group.crash('a');
  group.run(25);
  const { term } = group.raft('b').status();
  expect(term).toBeGreaterThan(1);
  group.wire.length = 0;
  group.hand({ kind: 'vote', from: 'a', to: 'b', term: 1, isPre: true, lastIndex: 1, lastTerm: 1, isTransfer: false });
  expect(group.wire.find(({ kind }) => kind === 'vote-reply')).toMatchObject({ granted: false, term });
});

test('a leader that does not hear a majority for an election timeout steps down', () => {
  const group = three();
  group.elect('a');
  group.lets = without('a');
  group.tick('a', 21);
  expect(group.raft('a').status()).toMatchObject({ role: 'follower', leaderId: null });
});

test('a heartbeat never lets a follower commit beyond what it is known to have', () => {
  const group = three();
  group.elect('a');
  group.lets = (message) => message.kind !== 'append' || message.to !== 'c';
  group.propose('a', 'x');
  group.deliver();
  group.tick('a');
  const heartbeat = group.wire.find((message) => message.kind === 'heartbeat' && message.to === 'c');
  expect(heartbeat).toMatchObject({ commit: 1 });
  expect(group.raft('a').status().commitIndex).toBe(2);
});

test('leadership is handed over within a message when the other has everything, past all loyalty', () => {
  const group = three();
  group.elect('a');
  group.run(2);
  expect(group.raft('a').transferLeadership('b')).toEqual({ kind: 'transferring' });
  group.settle('a');
  expect(group.propose('a', 'x')).toMatchObject({ kind: 'busy' });
  group.deliver();
  expect(group.leader).toBe('b');
});

test('a handover that does not come about is given up after an election timeout', () => {
  const group = three();
  group.elect('a');
  group.crash('b');
  group.raft('a').transferLeadership('b');
  group.run(11);
  expect(group.propose('a', 'x')).toMatchObject({ kind: 'appended' });
});

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

test('a follower whose entries are gone gets the snapshot in pieces, and the log from there', () => {
  const group = three({ settings: { snapshotChunkBytes: 16 } });
  group.elect('a');
  group.crash('c');
  for (let count = 0; count < 20; count++) group.propose('a', `x${count}`);
  group.run(2);
  group.snapshot('a');
  group.propose('a', 'after');
  group.start('c');
  const offsets: number[] = [];
  group.lets = (message) => {
    if (message.kind === 'snapshot') offsets.push(message.offset);
    return true;
  };
  group.run(3);
  expect(group.applied.get('c')).toEqual(group.applied.get('a'));
  expect(new Set(offsets).size).toBe(offsets.length);
  expect(offsets.length).toBeGreaterThan(5);
});

test('a leader reported gone is followed within a quarter of the election timeout', () => {
  const group = three();
  group.elect('a');
  group.run(3);
  group.crash('a');
  for (const id of ['b', 'c']) group.raft(id).peerGone('a');
  let ticks = 0;
  while (group.leader === null && ticks < 10) {
    group.run(1);
    ticks += 1;
  }
  expect(ticks).toBeLessThanOrEqual(4);
});
