import { SCENARIOS } from './scenarios.js';
import { simulate } from './simulate.js';
import { totals } from './totals.js';

const crashes = SCENARIOS.find(({ name }) => name === 'crashes')!;
const run = (seed: number) => simulate(crashes, { seed, minutes: 3, nodes: 8, intervalMs: 1000 });

test('several runs count as one: counts are added, durations thrown together', () => {
  const [first, second] = [run(1), run(2)];
  if (first.kind === 'broken' || second.kind === 'broken') throw new Error('an invariant broke');
  const { figures, runs, broken } = totals(crashes, [first, second]);
  expect({ runs, broken }).toEqual({ runs: 2, broken: 0 });
  expect(figures.nodeHours).toBeCloseTo(first.figures.nodeHours + second.figures.nodeHours);
  expect(figures.processCrashToDown.count).toBe(first.figures.processCrashToDown.count + second.figures.processCrashToDown.count);
  expect(figures.processCrashToDown.maxMs).toBe(Math.max(first.figures.processCrashToDown.maxMs ?? 0, second.figures.processCrashToDown.maxMs ?? 0));
});

test('a run that broke is counted as such, and adds no figures', () => {
  const broken = { kind: 'broken', scenario: 'crashes', seed: 3, steps: 1, hash: '', claim: '', atMs: 0, trace: [], rerun: '' } as const;
  expect(totals(crashes, [broken])).toMatchObject({ runs: 1, broken: 1, figures: { nodeHours: 0 } });
});
