/** Who has to ask whether it still belongs. */
import { hasToAnnounce, type Standing } from './announcing.js';

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
