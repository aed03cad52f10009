/** Whom the group can do without. */
import type { PeerStatus } from '@muster/raft';
import { removalHindrance } from './removal.js';

const peer = (id: string, silentTicks: number): PeerStatus => ({ id, voter: true, match: 1, state: 'replicate', silentTicks });
const status = (silent: Record<string, number>) => ({ id: 'a', config: { voters: ['a', ...Object.keys(silent)], outgoing: [], learners: ['l'] }, peers: Object.entries(silent).map(([id, ticks]) => peer(id, ticks)) });

test('a dead one can go, and a living one only while a majority of the rest is in touch', () => {
  expect(removalHindrance(status({ b: 1, c: 999 }), 'c', 30)).toBeNull();
  expect(removalHindrance(status({ b: 1, c: 30 }), 'b', 30)).toBe("without 'b' only 1 of 2 voters would be in touch, which is no majority: start c first, or remove those that are gone for good before");
  expect(removalHindrance(status({ b: 1, c: 1, d: 1, e: 999 }), 'b', 30)).toBeNull();
  expect(removalHindrance(status({ b: 1, c: 999 }), 'a', 30)).toContain('which is no majority');
});

test('a learner can always go, the only voter never', () => {
  expect(removalHindrance(status({ b: 999 }), 'l', 30)).toBeNull();
  expect(removalHindrance(status({}), 'a', 30)).toContain("'a' is the only member with a vote");
});
