/** The short run of every scenario; longer ones by `npm run simulate`. */
import { readFileSync } from 'node:fs';
import { SCENARIOS } from './scenarios.js';
import { simulate, SIMULATION_DEFAULTS, type SimulationOptions, type SimulationResult } from './simulate.js';

const short = { ...SIMULATION_DEFAULTS, nodes: 8, minutes: 3 };
const named = (name: string) => SCENARIOS.find((scenario) => scenario.name === name) ?? SCENARIOS[0]!;
const figures = (result: SimulationResult) => {
  if (result.kind === 'broken') throw new Error(`${result.claim}\n${result.rerun}`);
  return result.figures;
};

describe.each(SCENARIOS.map(({ name }) => name))('%s', (name) => {
  test('no invariant breaks, and nobody is taken for dead who lives, from three seeds', () => {
    for (const seed of [1, 2, 3]) expect({ seed, wrong: figures(simulate(named(name), { ...short, seed })).wrongDowns }).toEqual({ seed, wrong: 0 });
  });
});

test('the same seed is the same run, and another seed is another one', () => {
  const first = simulate(named('everything'), { ...short, seed: 1 });
  expect(simulate(named('everything'), { ...short, seed: 1 })).toEqual(first);
  expect(simulate(named('everything'), { ...short, seed: 2 }).hash).not.toBe(first.hash);
});

test.each([250, 2000, 4000])('no invariant breaks with a beat every %i ms, in the worst weather', (intervalMs) => {
  for (const seed of [12, 13]) expect(simulate(named('everything'), { ...short, intervalMs, seed })).toMatchObject({ kind: 'completed' });
});

/** Seeds that found a fault once, each with its story. */
const corpus = JSON.parse(readFileSync('src/corpus.json', 'utf8')) as readonly (SimulationOptions & { readonly scenario: string; readonly story: string })[];
test.each(corpus.map((it) => [it.scenario, it.seed, it] as const))('%s, seed %i: what was wrong once is right', (scenario, _seed, options) => {
  expect(figures(simulate(named(scenario), options))).toMatchObject({ wrongDowns: 0 });
});
