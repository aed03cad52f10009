/** `npm run simulate -- --seed N --minutes M [--scenario S]`: the fault matrix, or one scenario of it. Exit code 1: an invariant broke. */
import { Command, InvalidArgumentError } from 'commander';
import { toTable } from './report.js';
import { type Scenario, SCENARIOS } from './scenarios.js';
import { simulate, SIMULATION_DEFAULTS, type SimulationResult } from './simulate.js';

interface Options {
  readonly seed?: number;
  readonly seeds: number;
  readonly minutes: number;
  readonly nodes: number;
  readonly interval: number;
  readonly scenario?: Scenario;
  readonly json?: boolean;
}

const whole = (min: number, max: number) => (text: string) => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) throw new InvalidArgumentError(`'${text}' is not a whole number from ${min} to ${max}.`);
  return value;
};

const minutes = (text: string): number => {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError(`'${text}' is not a number of minutes above 0.`);
  return value;
};

const scenario = (text: string): Scenario => {
  const found = SCENARIOS.find(({ name }) => name === text);
  if (found === undefined) throw new InvalidArgumentError(`'${text}' is none of ${SCENARIOS.map(({ name }) => name).join(', ')}.`);
  return found;
};

const { seed, seeds, json, ...given } = new Command('simulate')
  .description('A simulated cluster around the real detector, policy and state machine. The same seed is the same run.')
  .option('--seed <n>', 'where randomness begins; drawn and printed when left out', whole(0, 2 ** 32 - 1))
  .option('--seeds <n>', 'how many seeds, counted up from the first', whole(1, 1_000_000), 1)
  .option('--minutes <n>', 'virtual time of each run', minutes, SIMULATION_DEFAULTS.minutes)
  .option('--nodes <n>', 'members besides the coordinator', whole(1, 10_000), SIMULATION_DEFAULTS.nodes)
  .option('--interval <ms>', 'interval of beats', whole(10, 60_000), SIMULATION_DEFAULTS.intervalMs)
  .option('--scenario <name>', `only this one of: ${SCENARIOS.map(({ name }) => name).join(', ')}`, scenario)
  .option('--json', 'machine-readable')
  .showHelpAfterError()
  .parse()
  .opts<Options>();

const firstSeed = seed ?? Math.floor(Math.random() * 2 ** 32);
const all: SimulationResult[] = [];
for (let at = 0; at < seeds; at++) {
  const results = (given.scenario === undefined ? SCENARIOS : [given.scenario]).map((it) => simulate(it, { seed: firstSeed + at, minutes: given.minutes, nodes: given.nodes, intervalMs: given.interval }));
  all.push(...results);
  if (json !== true) console.log(`seed ${firstSeed + at}, ${given.nodes} nodes, ${given.minutes} min, a beat every ${given.interval} ms\n\n${toTable(results)}\n`);
}
if (json === true) console.log(JSON.stringify(all, null, 2));
if (all.some(({ kind }) => kind === 'broken')) process.exitCode = 1;
