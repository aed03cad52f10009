/** Promises of a coordinator that goes: it waits for nobody who is not there, and stays while it is needed. */
import type { RaftPeer, RaftState } from '@muster/contracts';
import { canAgree, isNeeded } from './agreeing.js';

type Seen = Parameters<typeof canAgree>[0];

/** We are `a`; upper case are in touch, of `voters` with those of no connection in lower case. */
function group(members: string, state: RaftState, leader: string | null, hasQuorum = true): Seen {
  const peers = members.split('').map((name): RaftPeer => {
    const nodeId = name.toLowerCase();
    return { nodeId, storeId: '', httpUrl: '', raftUrl: '', voter: nodeId !== 'l', matchIndex: null, silentMs: name === nodeId ? null : 100, rttMs: null };
  });
  return { state, nodeId: 'a', leaderId: leader, hasQuorum, peers };
}

test('a leader can agree with most of the voters, and no learner makes up for them', () => {
  expect(canAgree(group('ABc', 'leader', 'a'))).toBe(true);
  expect(canAgree(group('Abc', 'leader', 'a'))).toBe(false);
  expect(canAgree(group('AbcL', 'leader', 'a'))).toBe(false);
});

test('a follower counts on its leader while it is connected, whoever else is silent', () => {
  expect(canAgree(group('ABcde', 'follower', 'b'))).toBe(true);
  expect(canAgree(group('AbCDE', 'follower', 'b'))).toBe(false);
  expect(canAgree(group('ABC', 'follower', 'b', false))).toBe(false);
  expect(canAgree(group('ABC', 'candidate', null, false))).toBe(false);
});

test('who goes is needed while the others are too few without it, and not once they are too few with it', () => {
  expect(isNeeded(group('ABC', 'leader', 'a'))).toBe(false);
  expect(isNeeded(group('ABc', 'leader', 'a'))).toBe(true);
  expect(isNeeded(group('Abc', 'leader', 'a'))).toBe(false);
  expect(isNeeded(group('ABCde', 'leader', 'a'))).toBe(true);
  expect(isNeeded(group('A', 'leader', 'a'))).toBe(true);
});
