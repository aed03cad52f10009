/** The log of a leader and of its followers (paper 5.3, 5.4.2; thesis 10.2), a test a sentence. */
import { Group } from '../testing/group.js';
import type { Message } from './index.js';

const three = (options: { settings?: ConstructorParameters<typeof Group>[0]['settings'] } = {}): Group => new Group({ voters: ['a', 'b', 'c'], ...options });
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

test('an append of an old term is refused with ours, so that its leader steps down', () => {
  const group = three();
  group.elect('a');
  group.hand({ kind: 'vote', from: 'c', to: 'b', term: 2, isPre: false, lastIndex: 1, lastTerm: 1, isTransfer: true });
  group.wire.length = 0;
  group.hand({ kind: 'append', from: 'a', to: 'b', term: 1, prevIndex: 1, prevTerm: 1, entries: [{ kind: 'noop', index: 2, term: 1 }], commit: 2 });
  expect(group.raft('b').status()).toMatchObject({ lastIndex: 1, term: 2 });
  group.deliver();
  expect(group.raft('a').status()).toMatchObject({ role: 'follower', term: 2 });
});

test('two leaders of one term end the process: nothing that follows could be trusted', () => {
  const group = three();
  group.elect('a');
  expect(() => group.raft('a').step({ kind: 'heartbeat', from: 'b', to: 'a', term: 1, commit: 0, round: 1 })).toThrow('a term has one leader');
});

test('a follower commits no more than what it was sent', () => {
  const group = three();
  group.elect('a');
  group.hand({ kind: 'append', from: 'a', to: 'b', term: 1, prevIndex: 1, prevTerm: 1, entries: [{ kind: 'noop', index: 2, term: 1 }], commit: 9 });
  expect(group.raft('b').status().commitIndex).toBe(2);
});

test('what fits but was not sent anew is not committed: it may be of nobody', () => {
  const group = three();
  group.elect('a');
  group.hand({ kind: 'append', from: 'a', to: 'b', term: 1, prevIndex: 1, prevTerm: 1, entries: [{ kind: 'noop', index: 2, term: 1 }], commit: 1 });
  group.hand({ kind: 'append', from: 'c', to: 'b', term: 2, prevIndex: 1, prevTerm: 1, entries: [], commit: 2 });
  expect(group.raft('b').status()).toMatchObject({ lastIndex: 2, commitIndex: 1 });
});

test('what a follower has beyond the log of the leader counts for nothing', () => {
  const group = three();
  group.elect('a');
  group.hand({ kind: 'append-reply', from: 'b', to: 'a', term: 1, accepted: true, matchIndex: 99, rejectedIndex: 0, hintIndex: 0, hintTerm: 0 });
  expect(group.raft('a').status().peers.find(({ id }) => id === 'b')).toMatchObject({ match: 1 });
});

test('nothing is applied that is not durable here, though others made it committed', () => {
  const group = three();
  group.elect('a');
  const b = group.raft('b');
  b.step({ kind: 'append', from: 'a', to: 'b', term: 1, prevIndex: 1, prevTerm: 1, entries: [{ kind: 'noop', index: 2, term: 1 }], commit: 2 });
  const ready = b.ready();
  expect(ready?.committed.map(({ index }) => index)).not.toContain(2);
  if (ready !== null) b.advance(ready);
  expect(b.ready()?.committed.map(({ index }) => index)).toContain(2);
});

test('one Ready at a time', () => {
  const group = three();
  const a = group.raft('a');
  a.campaign();
  const ready = a.ready();
  expect(() => a.ready()).toThrow('advanced before the next');
  if (ready !== null) a.advance(ready);
  expect(() => a.advance(ready as NonNullable<typeof ready>)).toThrow('only a Ready that was taken');
});

test('entries that were overwritten while they were being written are not taken for durable', () => {
  const group = three();
  group.elect('a');
  const b = group.raft('b');
  b.step({ kind: 'append', from: 'a', to: 'b', term: 1, prevIndex: 1, prevTerm: 1, entries: [{ kind: 'noop', index: 2, term: 1 }], commit: 1 });
  const ready = b.ready();
  b.step({ kind: 'append', from: 'c', to: 'b', term: 2, prevIndex: 1, prevTerm: 1, entries: [{ kind: 'noop', index: 2, term: 2 }], commit: 2 });
  if (ready !== null) b.advance(ready);
  const next = b.ready();
  expect(next?.entries).toMatchObject([{ index: 2, term: 2 }]);
  expect(next?.committed.map(({ index }) => index)).not.toContain(2);
});

test('a leader that commits tells the others once', () => {
  const group = three();
  group.elect('a');
  group.run(2);
  group.propose('a', 'x');
  const sent: Message[] = [];
  group.lets = (message) => {
    if (message.kind === 'append' && message.to === 'b') sent.push(message);
    return true;
  };
  group.deliver();
  expect(sent).toMatchObject([{ entries: [{ index: 2 }] }, { entries: [], commit: 2 }]);
});

test('bytes that wait to be committed are given back when they are', () => {
  const group = three({ settings: { uncommittedBytesMax: 100 } });
  group.elect('a');
  for (let count = 0; count < 30; count++) {
    expect(group.propose('a', `x${count}`)).toMatchObject({ kind: 'appended' });
    group.deliver();
  }
});

test('a new leader counts what earlier terms left uncommitted', () => {
  const group = three({ settings: { uncommittedBytesMax: 120 } });
  group.elect('a');
  group.lets = without('a');
  group.propose('a', 'a long text of fifty bytes or about that many, yes');
  group.deliver();
  group.crash('a');
  group.start('a');
  group.lets = (message) => message.kind !== 'append' || message.entries.length === 0;
  group.raft('a').campaign();
  group.settle('a');
  group.deliver();
  expect(group.propose('a', 'another long text of fifty bytes or about so many')).toMatchObject({ kind: 'busy' });
});
