/** A short run of coordinators that have no group yet in every test run; longer ones by `npm run simulate -- group --seeds N`. */
import { SeededRandom } from '../seeded-random.js';
import { GROUP_CORPUS } from './corpus.js';
import { GroupFaults } from './group-faults.js';
import { drawGroupSettings, type GroupSettings } from './group-settings.js';
import { GroupWorld } from './group-world.js';
import { sendWish } from './introducing.js';
import { type GroupRun, type GroupRunResult, simulateGroup } from './simulate-group.js';
import type { GroupFault } from './site.js';

const runs = (count: number, run: Omit<GroupRun, 'seed'>): GroupRunResult[] => Array.from({ length: count }, (_, at) => simulateGroup({ ...run, seed: at + 1 }));
const broken = (results: readonly GroupRunResult[]) => results.filter(({ violations }) => violations.length > 0).map(({ violations, rerun }) => ({ violations, rerun }));
const sum = (results: readonly GroupRunResult[], what: string): number => results.reduce((total, { counts }) => total + (counts[what] ?? 0), 0);

/** Nothing that takes long: what matters happens while the group is founded. */
const QUIET: Partial<GroupSettings> = { crashEveryMs: Infinity, pauseEveryMs: Infinity, cutEveryMs: Infinity, wipeEveryMs: Infinity, moveEveryMs: Infinity, removeEveryMs: Infinity, replaceEveryMs: Infinity, handOverEveryMs: Infinity, replayEveryMs: Infinity, crashInStepRate: 0, crashInTurnRate: 0, crashAfterVoteRate: 0, lossRate: 0, delayMsTail: 1 };

test('under every mix of faults coordinators come to one group, and all that should belong to it do in the end', () => {
  const results = runs(16, { minutes: 1 });
  expect(broken(results)).toEqual([]);
  expect(sum(results, 'founded')).toBeGreaterThan(16);
  const missing = ['joined', 'wipes', 'moves', 'removals', 'replacements', 'replays', 'elections'].filter((what) => sum(results, what) === 0);
  expect(missing).toEqual([]);
});

test('four candidates for three seats, who start, crash at every step and see only some of the others, found one group', () => {
  const settings = { ...QUIET, expect: 3, candidates: 4, crashInStepRate: 0.3, awayMsMean: 300, discoverRate: 0.6, startSpreadMs: 2000, cutEveryMs: 1500, cutMsMean: 1000 };
  const results = runs(10, { minutes: 1, settings });
  expect(broken(results)).toEqual([]);
  expect(sum(results, 'founded')).toBe(30);
});

test.each(GROUP_CORPUS)('seed $seed, which once failed, does not: $why', (run) => {
  expect(broken([simulateGroup(run)])).toEqual([]);
});

test('the same seed is the same run, and another seed is another one', () => {
  const { hash, counts } = simulateGroup({ seed: 3, minutes: 1 });
  expect(simulateGroup({ seed: 3, minutes: 1 })).toMatchObject({ hash, counts });
  expect(simulateGroup({ seed: 4, minutes: 1 }).hash).not.toBe(hash);
});

/** Where a mistake shows. */
const HARSH: Partial<GroupSettings> = { ...QUIET, expect: 3, candidates: 5, crashInStepRate: 0.3, awayMsMean: 500, discoverRate: 0.6, startSpreadMs: 2000, cutEveryMs: 2000, cutMsMean: 3000, crashEveryMs: 3000 };
test.each<{ fault: GroupFault; words: RegExp }>([
  { fault: 'forgets its promise', words: /goes back from/ },
  { fault: 'tells before it writes', words: /never promised it|goes back from/ },
  { fault: 'founds alone', words: /there are \d groups/ },
])('that a coordinator $fault is noticed', ({ fault, words }) => {
  const isNoticed = (seed: number): boolean => words.test(simulateGroup({ seed, minutes: 1, settings: HARSH, fault }).violations.join('\n'));
  expect(Array.from({ length: 25 }, (_, at) => at + 1).some(isNoticed)).toBe(true);
});

test.each<{ fault: GroupFault | null; expected: readonly string[] }>([
  { fault: null, expected: [] },
  { fault: 'takes wishes again', expected: [expect.stringContaining('is put out of the group, and nobody ordered it')] },
])('a wish to join that was captured buries nobody who is down then; where it does ($fault), that is noticed', ({ fault, expected }) => {
  const random = new SeededRandom(1);
  const settings = { ...drawGroupSettings(random.fork('settings'), 3), ...QUIET, candidates: 3, discoverRate: 1 };
  const world = new GroupWorld(settings, random, fault);
  const faults = new GroupFaults(world, random.fork('faults'));
  faults.begin();
  world.clock.runUntil(60_000);
  faults.end();
  const leader = world.leader();
  const victim = world.sites.find((site) => site !== leader);
  if (leader?.membership === null || leader === null || victim === undefined) throw new Error('nobody leads');
  // Refused while the member is heard. What was sent is the same that would put it out when it is not.
  const wish = { request: { ...victim.self, storeId: 'another' }, nonce: leader.membership.issueNonce() };
  sendWish(leader, leader.httpUrl, wish, () => undefined);
  world.clock.runUntil(62_000);
  victim.crash();
  world.clock.runUntil(65_000);
  sendWish(leader, leader.httpUrl, wish, () => undefined);
  world.clock.runUntil(66_000);
  expect(world.monitors.violations.slice(0, 1)).toEqual(expected);
});
