/** Changes of who belongs to the group (paper, section 6; thesis, chapter 4). */
import fc from 'fast-check';
import { Group } from '../testing/group.js';
import { quorumsMeet } from '../testing/monitors.js';
import { isJoint, isVoter, leaveJoint, membersOf, planChange } from './configuration.js';
import type { Configuration } from './index.js';

test('a learner gets the log, counts in no majority, and never stands for election', () => {
  const group = new Group({ voters: ['a'], spares: ['l'] });
  group.elect('a');
  expect(group.raft('a').changeConfig({ addLearners: ['l'] })).toMatchObject({ kind: 'appended' });
  group.settle('a');
  group.run(2);
  group.propose('a', 'x');
  group.run(2);
  expect(group.applied.get('l')).toContain('1:x');
  group.crash('l');
  group.propose('a', 'y');
  group.run(1);
  expect(group.applied.get('a')).toContain('1:y');
  group.start('l');
  group.crash('a');
  group.run(60);
  expect(group.raft('l').status()).toMatchObject({ role: 'follower', term: 1 });
});

test('a configuration holds from the moment it is in the log, and goes with the entry when that is overwritten', () => {
  const group = new Group({ voters: ['a', 'b', 'c'], spares: ['d'] });
  group.elect('a');
  group.run(2);
  group.lets = () => false;
  group.raft('a').changeConfig({ addVoters: ['d'] });
  group.settle('a');
  group.deliver();
  expect(group.raft('a').status().config.voters).toEqual(['a', 'b', 'c', 'd']);
  group.crash('a');
  group.lets = () => true;
  group.run(40);
  group.start('a');
  group.run(4);
  expect(group.raft('a').status().config.voters).toEqual(['a', 'b', 'c']);
});

test('a member that its own log removes may still be needed to lead, until that is committed (thesis 4.2.2, figure 4.6)', () => {
  const group = new Group({ voters: ['a', 'b'] });
  group.elect('a');
  group.run(2);
  // b never hears of its being alone, and a, which has the longer log, will not vote for it.
  group.lets = () => false;
  group.raft('a').changeConfig({ remove: ['a'] });
  group.settle('a');
  group.deliver();
  group.crash('a');
  group.start('a');
  group.lets = () => true;
  group.run(80);
  expect(group.raft('b').status()).toMatchObject({ role: 'leader', config: { voters: ['b'] } });
  expect(group.raft('a').status().role).toBe('follower');
});

test('a voter that leaves votes until it has left', () => {
  const joint = { voters: ['a'], outgoing: ['b'], learners: ['c'] };
  expect(['a', 'b', 'c'].filter((peer) => isVoter(joint, peer))).toEqual(['a', 'b']);
  expect(isVoter(leaveJoint(joint), 'b')).toBe(false);
});

test('one change at a time, and none before an entry of the own term is committed', () => {
  const group = new Group({ voters: ['a', 'b', 'c'], spares: ['d', 'e'] });
  group.lets = (message) => message.kind !== 'append';
  group.raft('a').campaign();
  group.settle('a');
  group.deliver();
  expect(group.raft('a').changeConfig({ addVoters: ['d'] })).toMatchObject({ kind: 'busy', reason: expect.stringContaining('own term') });
  group.lets = () => true;
  group.run(2);
  group.lets = () => false;
  expect(group.raft('a').changeConfig({ addVoters: ['d'] })).toMatchObject({ kind: 'appended' });
  expect(group.raft('a').changeConfig({ addVoters: ['e'] })).toMatchObject({ kind: 'busy', reason: expect.stringContaining('another change') });
});

test('a member is replaced in one change, through two majorities, and both must agree', () => {
  const group = new Group({ voters: ['a', 'b', 'c'], spares: ['d', 'e'] });
  group.elect('a');
  group.run(2);
  group.raft('a').changeConfig({ addVoters: ['d', 'e'], remove: ['b', 'c'] });
  group.settle('a');
  expect(group.raft('a').status().config).toMatchObject({ voters: ['a', 'd', 'e'], outgoing: ['a', 'b', 'c'] });
  // The new half alone cannot commit it.
  group.lets = (message) => !['b', 'c'].includes(message.to);
  group.run(3);
  expect(group.raft('a').status().config.outgoing).toEqual(['a', 'b', 'c']);
  group.lets = () => true;
  group.run(3);
  expect(group.raft('a').status().config).toEqual({ voters: ['a', 'd', 'e'], outgoing: [], learners: [] });
  group.propose('a', 'x');
  group.run(2);
  expect(group.applied.get('d')?.at(-1)).toBe('1:x');
});

test('a leader that is removed leads until that is committed, then steps down, and the rest elect another', () => {
  const group = new Group({ voters: ['a', 'b', 'c'] });
  group.elect('a');
  group.run(2);
  group.lets = () => false;
  group.raft('a').changeConfig({ remove: ['a'] });
  group.settle('a');
  group.deliver();
  expect(group.raft('a').status().role).toBe('leader');
  group.lets = () => true;
  group.run(3);
  expect(group.raft('a').status().role).toBe('follower');
  group.run(30);
  expect(['b', 'c']).toContain(group.leader);
  expect(group.raft(group.leader ?? 'a').status().config.voters).toEqual(['b', 'c']);
});

test('a commit before the removal of the leader does not make it step down', () => {
  const group = new Group({ voters: ['a', 'b', 'c'] });
  group.elect('a');
  group.run(2);
  group.propose('a', 'x');
  group.raft('a').changeConfig({ remove: ['a'] });
  group.settle('a');
  group.lets = (message) => message.kind !== 'append' || message.entries.every(({ kind }) => kind !== 'config');
  group.deliver();
  expect(group.raft('a').status()).toMatchObject({ role: 'leader', commitIndex: 2, lastIndex: 3 });
});

test.each([
  { name: 'nobody', change: {}, says: 'names nobody' },
  { name: 'a stranger', change: { remove: ['z'] }, says: "'z' is no member" },
  { name: 'everybody', change: { remove: ['a', 'b', 'c'] }, says: 'no voter would be left' },
  { name: 'the same twice', change: { addVoters: ['d'], remove: ['d'] }, says: "'d' is named twice" },
  { name: 'what is so already', change: { addVoters: ['a'] }, says: 'changes nothing' },
])('a change that names $name is refused with the reason', ({ change, says }) => {
  const group = new Group({ voters: ['a', 'b', 'c'] });
  group.elect('a');
  group.run(2);
  expect(group.raft('a').changeConfig(change)).toMatchObject({ kind: 'refused', reason: expect.stringContaining(says) });
});

test('the configuration in a snapshot is the one that was committed there', () => {
  const group = new Group({ voters: ['a', 'b', 'c'], spares: ['d'] });
  group.elect('a');
  group.run(2);
  group.lets = () => false;
  group.raft('a').changeConfig({ addVoters: ['d'] });
  group.settle('a');
  group.snapshot('a');
  expect(group.store('a').snapshot?.config.voters).toEqual(['a', 'b', 'c']);
});

describe('any change of any group', () => {
  const peers = ['a', 'b', 'c', 'd', 'e'];
  const anyPlace = fc.constantFrom('voter' as const, 'learner' as const, 'none' as const);
  const anyGroup = fc.tuple(anyPlace, anyPlace, anyPlace, anyPlace, anyPlace).filter((places) => places.includes('voter'));
  const at = (places: readonly string[], place: string): string[] => peers.filter((_, index) => places[index] === place);
  const groupOf = (places: readonly string[]): Configuration => ({ voters: at(places, 'voter'), outgoing: [], learners: at(places, 'learner') });
  const wish = fc.constantFrom('vote' as const, 'learn' as const, 'leave' as const, 'stay' as const);

  test('ends as it was asked for, and every two configurations on the way share a quorum', () => {
    fc.assert(
      fc.property(anyGroup, fc.tuple(wish, wish, wish, wish, wish), (places, wishes) => {
        const before = groupOf(places);
        const plan = planChange(before, { addVoters: at(wishes, 'vote'), addLearners: at(wishes, 'learn'), remove: at(wishes, 'leave') });
        const wanted = groupOf(places.map((place, index) => ({ vote: 'voter', learn: 'learner', leave: 'none', stay: place })[wishes[index] ?? 'stay']));
        if (plan.kind === 'illegal') {
          const isStranger = peers.some((_, index) => wishes[index] === 'leave' && places[index] === 'none');
          return isStranger || wanted.voters.length === 0 || JSON.stringify(wanted) === JSON.stringify(before) || wishes.every((each) => each === 'stay');
        }
        const { config } = plan;
        expect(leaveJoint(config)).toEqual(wanted);
        expect(membersOf(config)).toEqual(expect.arrayContaining(membersOf(wanted)));
        // Nobody loses his vote before the change is committed in both halves.
        expect(config.outgoing).toEqual(isJoint(config) ? before.voters : []);
        return quorumsMeet(before, config) && quorumsMeet(config, leaveJoint(config));
      }),
      { numRuns: 3000 },
    );
  });

  test('is refused while another one is under way', () => {
    expect(planChange({ voters: ['a'], outgoing: ['b'], learners: [] }, { addVoters: ['c'] })).toMatchObject({ kind: 'illegal', reason: expect.stringContaining('under way') });
  });
});
