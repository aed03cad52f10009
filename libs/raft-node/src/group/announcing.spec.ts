/** Who has to ask whether it still belongs, and whom. */
import type { RaftIntroduction } from '@muster/contracts';
import { hasToAnnounce, leaderUrlIn, type Standing } from './announcing.js';

const config = (...voters: string[]) => ({ voters, outgoing: [], learners: [] });
const well: Standing = { nodeId: 'a', leaderId: 'b', config: config('a', 'b', 'c'), isWhereItSays: true, isLost: false };

test.each<{ name: string; standing: Partial<Standing>; expected: boolean }>([
  { name: 'a member with a leader, where the directory has it, does not', standing: {}, expected: false },
  { name: 'a learner with a leader does not', standing: { config: { voters: ['b'], outgoing: [], learners: ['a'] } }, expected: false },
  { name: 'one that is handing its vote over does not', standing: { config: { voters: ['b'], outgoing: ['a', 'b'], learners: [] } }, expected: false },
  { name: 'one whose log has not come yet does not while a leader calls it', standing: { config: config() }, expected: false },
  { name: 'one without a leader does', standing: { leaderId: null }, expected: true },
  { name: 'one that has moved does', standing: { isWhereItSays: false }, expected: true },
  { name: 'one that knows nobody does', standing: { isLost: true }, expected: true },
  { name: 'one that is no member in its own log does, though it knows a leader', standing: { config: config('b', 'c') }, expected: true },
])('$name', ({ standing, expected }) => {
  expect(hasToAnnounce({ ...well, ...standing })).toBe(expected);
});

describe('whom to ask', () => {
  const says = (nodeId: string, leaderId: string | null, more: Partial<RaftIntroduction> = {}): RaftIntroduction => ({ nodeId, storeId: `s${nodeId}`, cluster: 'test', clusterId: 'one', httpUrl: `http://${nodeId}`, raftUrl: `raft://${nodeId}:1`, expect: 3, promise: null, leaderId, leaderHttpUrl: leaderId === null ? null : `http://${leaderId}`, ...more });

  test.each<{ name: string; introductions: readonly RaftIntroduction[]; expected: string | null }>([
    { name: 'the leader that somebody names', introductions: [says('c', null), says('b', 'd')], expected: 'http://d' },
    { name: 'the one that leads, not whom somebody remembers who was put out long ago', introductions: [says('z', 'y'), says('d', 'd')], expected: 'http://d' },
    { name: 'nobody of another group', introductions: [says('b', 'b', { clusterId: 'two' })], expected: null },
    { name: 'not itself', introductions: [says('a', 'a')], expected: null },
    { name: 'nobody while nobody leads', introductions: [says('b', null)], expected: null },
  ])('$name', ({ introductions, expected }) => {
    expect(leaderUrlIn(introductions, 'one', 'sa')).toBe(expected);
  });
});
