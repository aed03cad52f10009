/** A short run of many groups in every test run; longer ones by `npm run simulate -- raft --seeds N`. */
import { RAFT_CORPUS } from './corpus.js';
import type { Fault } from './raft-member.js';
import type { RaftSettings } from './raft-settings.js';
import { type RaftRun, type RaftRunResult, simulateRaft } from './simulate-raft.js';

const runs = (count: number, run: Omit<RaftRun, 'seed'>): RaftRunResult[] => Array.from({ length: count }, (_, at) => simulateRaft({ ...run, seed: at + 1 }));
const broken = (results: readonly RaftRunResult[]) => results.filter(({ violations }) => violations.length > 0).map(({ violations, rerun }) => ({ violations, rerun }));

/** Little happens but what makes the mistake matter: members that are back at once, votes that are lost. */
const HARSH: Partial<RaftSettings> = { crashEveryMs: 20_000, awayMsMean: 30, lossRate: 0.25, delayMsTail: 5, crashAfterVoteRate: 0.7, crashInTurnRate: 0.02, leases: false, cutEveryMs: 10_000, pauseEveryMs: Infinity, slowDiskEveryMs: Infinity, changeEveryMs: Infinity, electionTicks: 5, heartbeatTicks: 1, tickMs: 50, writeMsMean: 0.3 };

test('groups of every size under every mix of faults break no promise, and recover', () => {
  expect(broken(runs(40, { minutes: 1 }))).toEqual([]);
});

test('harsh conditions alone break no promise', () => {
  expect(broken(runs(8, { minutes: 1, members: 5, settings: HARSH }))).toEqual([]);
});

test.each(RAFT_CORPUS)('seed $seed, which once failed, does not: $why', (run) => {
  expect(broken([simulateRaft(run)])).toEqual([]);
});

test('the same seed is the same run, and another seed is another one', () => {
  const first = simulateRaft({ seed: 7, minutes: 1 });
  expect(simulateRaft({ seed: 7, minutes: 1 })).toEqual(first);
  expect(simulateRaft({ seed: 8, minutes: 1 }).hash).not.toBe(first.hash);
});

test('the faults bring about what they are meant to test', () => {
  const results = runs(20, { minutes: 1, members: 3 });
  const sum = (what: keyof RaftRunResult['counts']): number => results.reduce((total, { counts }) => total + counts[what], 0);
  expect(sum('elections')).toBeGreaterThan(100);
  expect(sum('crashes')).toBeGreaterThan(100);
  expect(sum('changes')).toBeGreaterThan(20);
  expect(sum('handOvers')).toBeGreaterThan(10);
  expect(sum('overtaken')).toBeGreaterThan(5);
  expect(sum('acknowledged')).toBeGreaterThan(1000);
  expect(sum('reads')).toBeGreaterThan(100);
});

const FAULTS: readonly { fault: Fault; words: RegExp }[] = [
  { fault: 'forgets its vote', words: /votes for|changes its vote/ },
  { fault: 'forgets its term', words: /votes for|lead term|goes from term/ },
  { fault: 'loses its last entries', words: /without the entry|too few voters|committed/ },
  { fault: 'speaks before it writes', words: /votes for|too few voters|without the entry/ },
];

test.each(FAULTS)('that a member $fault is noticed', ({ fault, words }) => {
  const said = broken(runs(16, { minutes: 1, members: 5, settings: HARSH, fault })).map(({ violations }) => violations.join('\n'));
  expect(said.length).toBeGreaterThan(4);
  expect(said.filter((text) => words.test(text)).length).toBeGreaterThan(4);
});
