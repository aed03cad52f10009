/** Elections: what the paper (5.2, 5.4.1) and the thesis (3.10, 4.2.3, 6.2, 9.6) promise of them, a test a sentence. */
import { Group } from '../testing/group.js';
import type { Message } from './index.js';

const three = (options: { settings?: ConstructorParameters<typeof Group>[0]['settings'] } = {}): Group => new Group({ voters: ['a', 'b', 'c'], ...options });
const without = (...peers: string[]) => (message: Message): boolean => !peers.includes(message.from) && !peers.includes(message.to);

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

test('a candidate of an old term is told ours, whoever leads', () => {
  const group = three();
  group.elect('a');
  group.hand({ kind: 'vote', from: 'c', to: 'b', term: 0, isPre: false, lastIndex: 0, lastTerm: 0, isTransfer: false });
  expect(group.wire).toMatchObject([{ kind: 'vote-reply', to: 'c', granted: false, term: 1 }]);
});

test('loyalty outlives a change of the term: who heard a leader lately votes for nobody, in whatever term he is', () => {
  const group = three();
  group.elect('a');
  group.hand({ kind: 'heartbeat-reply', from: 'c', to: 'b', term: 3, round: 0 });
  expect(group.raft('b').status()).toMatchObject({ term: 3, leaderId: null });
  group.hand({ kind: 'vote', from: 'c', to: 'b', term: 3, isPre: false, lastIndex: 9, lastTerm: 2, isTransfer: false });
  expect(group.wire).toMatchObject([{ kind: 'vote-reply', granted: false }]);
  group.tick('b', 10);
  group.hand({ kind: 'vote', from: 'c', to: 'b', term: 3, isPre: false, lastIndex: 9, lastTerm: 2, isTransfer: false });
  expect(group.wire.at(-1)).toMatchObject({ kind: 'vote-reply', granted: true });
});

test('a vote that is asked for by order of the leader is given past loyalty', () => {
  const group = three();
  group.elect('a');
  group.hand({ kind: 'vote', from: 'c', to: 'b', term: 2, isPre: false, lastIndex: 1, lastTerm: 1, isTransfer: true });
  expect(group.wire).toMatchObject([{ kind: 'vote-reply', granted: true, term: 2 }]);
});

test('a candidate without a chance does not put off the election of another', () => {
  const group = three();
  group.elect('a');
  group.tick('b', 10);
  const vote = (term: number): Message => ({ kind: 'vote', from: 'c', to: 'b', term, isPre: false, lastIndex: 0, lastTerm: 0, isTransfer: false });
  for (let term = 2; term < 14 && group.raft('b').status().role === 'follower'; term++) {
    group.hand(vote(term));
    group.tick('b');
  }
  expect(group.raft('b').status().role).toBe('pre-candidate');
});

test('a vote that was given puts off an election of our own by a whole timeout', () => {
  const group = three();
  group.tick('b', 9);
  group.hand({ kind: 'vote', from: 'c', to: 'b', term: 1, isPre: false, lastIndex: 0, lastTerm: 0, isTransfer: false });
  group.tick('b', 9);
  expect(group.raft('b').status().role).toBe('follower');
});

test('timeouts are drawn between one and two election timeouts', () => {
  for (const [random, ticks] of [[0, 10], [0.999, 19]] as const) {
    const group = three({ settings: { random: () => random } });
    group.tick('b', ticks - 1);
    expect(group.raft('b').status().role).toBe('follower');
    group.tick('b');
    expect(group.raft('b').status().role).toBe('pre-candidate');
  }
});

test('heartbeats must fit five times into an election timeout', () => {
  expect(() => three({ settings: { electionTicks: 4 } })).toThrow('give an election at least five heartbeats');
  expect(() => three({ settings: { heartbeatTicks: 0 } })).toThrow(RangeError);
});

test('a message to somebody else, or from ourselves, changes nothing', () => {
  const group = three();
  const b = group.raft('b');
  b.step({ kind: 'heartbeat', from: 'a', to: 'c', term: 5, commit: 0, round: 1 });
  b.step({ kind: 'heartbeat', from: 'b', to: 'b', term: 5, commit: 0, round: 1 });
  expect(b.status().term).toBe(0);
});

test('a leader asked to take over by a message that lingered does not begin another election', () => {
  const group = three();
  group.elect('a');
  group.hand({ kind: 'timeout-now', from: 'b', to: 'a', term: 1 });
  expect(group.raft('a').status()).toMatchObject({ role: 'leader', term: 1 });
});

test('a leader that is removed hands over to one that has everything, without a gap', () => {
  const group = three();
  group.elect('a');
  group.raft('a').changeConfig({ remove: ['a'] });
  group.settle('a');
  group.deliver();
  expect(['b', 'c']).toContain(group.leader);
});

test('leadership is not handed to one that lacks an entry before he has it', () => {
  const group = three();
  group.elect('a');
  group.lets = (message) => message.to !== 'b';
  group.propose('a', 'x');
  group.deliver();
  group.raft('a').transferLeadership('b');
  group.settle('a');
  expect(group.wire.filter(({ kind }) => kind === 'timeout-now')).toEqual([]);
});

test('the refusal of a pre-vote raises no term: a candidate that lacks entries disturbs nobody', () => {
  const group = three();
  group.elect('a');
  group.lets = without('c');
  group.propose('a', 'x');
  group.deliver();
  group.crash('a');
  group.tick('b', 20);
  group.wire.length = 0;
  group.lets = () => true;
  const { term } = group.raft('b').status();
  group.raft('c').campaign();
  group.settle('c');
  group.deliver();
  expect(group.raft('c').status()).toMatchObject({ term });
});

test('amid a joint configuration a voter that will leave may still be elected', () => {
  const group = new Group({ voters: ['a', 'b', 'c'], spares: ['d', 'e'] });
  group.elect('a');
  group.run(2);
  group.raft('a').changeConfig({ addVoters: ['d', 'e'], remove: ['b', 'c'] });
  group.settle('a');
  group.lets = ({ kind, entries = [] }: { kind: string; entries?: readonly { index: number }[] }) => kind !== 'append' || entries.every(({ index }) => index < 3);
  group.deliver();
  group.crash('a');
  group.wire.length = 0;
  group.lets = () => true;
  for (const id of ['b', 'c', 'd', 'e']) group.tick(id, 9);
  group.wire.length = 0;
  for (const id of ['c', 'd', 'e']) group.tick(id, 1);
  group.wire.length = 0;
  group.raft('b').campaign();
  group.settle('b');
  expect(group.raft('b').status()).toMatchObject({ role: 'pre-candidate', config: { outgoing: ['a', 'b', 'c'] } });
});

test('a vote in a term that was known before is written as well', () => {
  const group = three();
  group.hand({ kind: 'heartbeat-reply', from: 'a', to: 'b', term: 3, round: 0 });
  expect(group.store('b').hard).toMatchObject({ term: 3, votedFor: null });
  group.hand({ kind: 'vote', from: 'c', to: 'b', term: 3, isPre: false, lastIndex: 0, lastTerm: 0, isTransfer: false });
  expect(group.store('b').hard).toMatchObject({ term: 3, votedFor: 'c' });
});

test('when the leader is known to be gone, an election that fails is soon followed by another; a leader that is heard ends the hurry', () => {
  const group = three({ settings: { goneTicksMax: 2 } });
  group.elect('a');
  group.crash('a');
  group.raft('b').peerGone('a');
  const attempts = (): number => group.wire.filter(({ kind, from }) => kind === 'vote' && from === 'b').length / 2;
  group.tick('b', 2);
  expect(attempts()).toBe(1);
  group.tick('b', 3);
  expect(attempts()).toBeGreaterThanOrEqual(2);
  group.hand({ kind: 'heartbeat', from: 'c', to: 'b', term: 2, commit: 0, round: 1 });
  const before = attempts();
  group.tick('b', 9);
  expect(attempts()).toBe(before);
});
