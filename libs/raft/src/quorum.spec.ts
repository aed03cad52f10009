/** Majorities against a count by hand, for any groups up to seven. */
import fc from 'fast-check';
import { committedIndex, voteResult } from './quorum.js';

const peers = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const anyVoters = fc.subarray(peers, { minLength: 1 });
const anyConfig = fc.record({ voters: anyVoters, outgoing: fc.oneof(fc.constant<string[]>([]), anyVoters), learners: fc.constant<string[]>([]) });
const halvesOf = ({ voters, outgoing }: { voters: string[]; outgoing: string[] }): string[][] => [voters, outgoing].filter((half) => half.length > 0);

test('an index is committed when most of each half have it, and no higher one is', () => {
  fc.assert(
    fc.property(anyConfig, fc.array(fc.nat(20), { minLength: 7, maxLength: 7 }), (config, matches) => {
      const matchOf = (peer: string): number => matches[peers.indexOf(peer)] ?? 0;
      const isCommitted = (index: number): boolean => halvesOf(config).every((half) => half.filter((peer) => matchOf(peer) >= index).length * 2 > half.length);
      const oracle = Math.max(...Array.from({ length: 21 }, (_, index) => index).filter(isCommitted));
      expect(committedIndex(config, matchOf)).toBe(oracle);
    }),
    { numRuns: 2000 },
  );
});

test('an election is won, lost or open as a count of all ways to fill the missing votes says', () => {
  fc.assert(
    fc.property(anyConfig, fc.array(fc.constantFrom(true, false, undefined), { minLength: 7, maxLength: 7 }), (config, votes) => {
      const wins = (unknown: boolean): boolean => halvesOf(config).every((half) => half.filter((peer) => votes[peers.indexOf(peer)] ?? unknown).length * 2 > half.length);
      const oracle = wins(false) ? 'won' : wins(true) ? 'pending' : 'lost';
      expect(voteResult(config, (peer) => votes[peers.indexOf(peer)])).toBe(oracle);
    }),
    { numRuns: 2000 },
  );
});
