/** A short run of the whole control plane in every test run; longer ones by `npm run simulate -- control --seeds N`. */
import { SeededRandom } from '../seeded-random.js';
import { CONTROL_CORPUS } from './corpus.js';
import { drawControlSettings } from './control-settings.js';
import { ControlWorld } from './control-world.js';
import { type ControlRun, type ControlRunResult, simulateControl } from './simulate-control.js';

const runs = (count: number, run: Omit<ControlRun, 'seed'>): ControlRunResult[] => Array.from({ length: count }, (_, at) => simulateControl({ ...run, seed: at + 1 }));
const broken = (results: readonly ControlRunResult[]) => results.filter(({ violations }) => violations.length > 0).map(({ violations, rerun }) => ({ violations, rerun }));

/** Nothing but the coordinators has trouble. */
const ONLY_COORDINATORS = { agentCrashEveryMs: Infinity, coordinatorCrashEveryMs: 15_000, coordinatorPauseEveryMs: 20_000, cutEveryMs: 20_000, awayMsMean: 3000 };

test('three coordinators under every mix of faults agree, tell Kafka everything in order, and know who lives', () => {
  const results = runs(4, { minutes: 2 });
  expect(broken(results)).toEqual([]);
  const sum = (what: string): number => results.reduce((total, { counts }) => total + (counts[what] ?? 0), 0);
  expect(sum('coordinatorCrashes')).toBeGreaterThan(5);
  expect(sum('agentCrashes')).toBeGreaterThan(2);
  expect(sum('duplicates')).toBeGreaterThan(0);
  expect(sum('published')).toBeGreaterThan(200);
});

test('leaders that crash, pause and are cut off cost no healthy member its place', () => {
  const results = runs(2, { minutes: 2, members: 3, settings: ONLY_COORDINATORS });
  expect(broken(results)).toEqual([]);
  expect(results.reduce((total, { counts }) => total + (counts['elections'] ?? 0), 0)).toBeGreaterThan(8);
});

test.each(CONTROL_CORPUS)('seed $seed, which once failed, does not: $why', (run) => {
  expect(broken([simulateControl(run)])).toEqual([]);
});

test('the same seed is the same run', () => {
  const { hash, counts } = simulateControl({ seed: 3, minutes: 1 });
  expect(simulateControl({ seed: 3, minutes: 1 })).toMatchObject({ hash, counts });
  expect(simulateControl({ seed: 4, minutes: 1 }).hash).not.toBe(hash);
});

function quiet(): ControlWorld {
  const random = new SeededRandom(1);
  const settings = { ...drawControlSettings(random.fork('settings'), 3), intervalMs: 1000, publishErrorRate: 0, crashInTurnRate: 0, crashAfterVoteRate: 0, writeErrorRate: 0 };
  const world = new ControlWorld(settings, random);
  world.start(random.fork('start'));
  world.clock.runUntil(60_000);
  return world;
}

test('that a member is DOWN with which nothing is wrong is noticed', () => {
  const world = quiet();
  const agent = world.agents.get('node-1');
  expect(world.raftMonitors.violations).toEqual([]);
  const { log } = world.leader() ?? {};
  log?.propose({ kind: 'evict', term: log.mandate.term, atUnixMs: 1_700_000_060_000, reason: 'for a test', nodeId: agent?.nodeId ?? '' }, () => undefined);
  world.clock.runUntil(61_000);
  expect(world.raftMonitors.violations.join()).toContain('nothing is wrong with it');
});

test('a change that Kafka is told too early, or with another term, is noticed', () => {
  const world = quiet();
  const seen = world.kafka.seenCount;
  expect(seen).toBe(world.agreedChanges.length);
  const last = world.agreedChanges.at(-1);
  if (last === undefined) throw new Error('nothing was agreed');
  world.kafka.publish([last]);
  expect(world.raftMonitors.violations).toEqual([]);
  world.kafka.publish([{ ...last, index: last.index + 1 }]);
  expect(world.raftMonitors.violations.join()).toContain('is published where nothing is next');
});
