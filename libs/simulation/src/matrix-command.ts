/**
 * `npm run simulate -- --seed N --minutes M [--scenario S]`: the fault matrix, or one scenario of it, or the baseline beside ours.
 * Exit code 1: an invariant broke.
 */
import { Command, InvalidArgumentError } from 'commander';
import { compare, compareAll, COMPARED, toComparison } from './baseline/compare.js';
import { InvariantBroken } from './invariants.js';
import { runTasks, type Task } from './jobs.js';
import { explainBroken, explainWrong, toTable } from './report.js';
import { type Scenario, SCENARIOS } from './scenarios.js';
import { simulate, SIMULATION_DEFAULTS, type SimulationResult } from './simulate.js';
import { totals } from './totals.js';
import { wholeNumber } from './whole-number.js';

interface Options {
  readonly seed?: number;
  readonly seeds: number;
  readonly minutes: number;
  readonly nodes: number;
  readonly interval: number;
  readonly nodeHours?: number;
  readonly jobs: number;
  readonly scenario?: Scenario;
  readonly baseline?: boolean;
  readonly trace?: boolean;
  readonly json?: boolean;
}

const positive = (what: string) => (text: string): number => {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError(`'${text}' is not a number of ${what} above 0.`);
  return value;
};

const scenario = (text: string): Scenario => {
  const found = SCENARIOS.find(({ name }) => name === text);
  if (found === undefined) throw new InvalidArgumentError(`'${text}' is none of ${SCENARIOS.map(({ name }) => name).join(', ')}.`);
  return found;
};

const options = new Command('simulate')
  .description('A simulated cluster around the real observer and state machine. The same seed is the same run.')
  .option('--seed <n>', 'where randomness begins; drawn and printed when left out', wholeNumber(0, 2 ** 32 - 1))
  .option('--seeds <n>', 'how many seeds, counted up from the first', wholeNumber(1, 1_000_000), 1)
  .option('--minutes <n>', 'virtual time of each run', positive('minutes'), SIMULATION_DEFAULTS.minutes)
  .option('--nodes <n>', 'members besides the coordinator', wholeNumber(1, 10_000), SIMULATION_DEFAULTS.nodes)
  .option('--interval <ms>', 'interval of beats', wholeNumber(10, 60_000), SIMULATION_DEFAULTS.intervalMs)
  .option('--node-hours <n>', 'instead of --seeds: as many as make so many node-hours of each scenario', positive('node-hours'))
  .option('--jobs <n>', 'runs at the same time', wholeNumber(1, 64), 1)
  .option('--scenario <name>', `only this one of: ${SCENARIOS.map(({ name }) => name).join(', ')}`, scenario)
  .option('--baseline', 'a plain SWIM group beside ours, in the same world')
  .option('--trace', 'print the last changes before the first wrong DOWN')
  .option('--json', 'machine-readable')
  .showHelpAfterError()
  .parse()
  .opts<Options>();

const firstSeed = options.seed ?? Math.floor(Math.random() * 2 ** 32);
const scenarios = options.scenario === undefined ? SCENARIOS : [options.scenario];
const hoursOfOne = (options.nodes * options.minutes) / 60;
const seeds = options.nodeHours === undefined ? options.seeds : Math.ceil(options.nodeHours / hoursOfOne);
const say = (text: string): void => {
  if (options.json !== true) console.log(text);
};

const results: SimulationResult[] = [];
let given = 0;
function next(): Task | null {
  const at = given++;
  const of = scenarios[Math.floor(at / seeds)];
  if (of === undefined) return null;
  const { minutes, nodes, interval } = options;
  return { scenario: of.name, options: { seed: (firstSeed + (at % seeds)) >>> 0, minutes, nodes, intervalMs: interval } };
}

function done(result: SimulationResult): void {
  results.push(result);
  if (process.stderr.isTTY) process.stderr.write(`\r${results.length} of ${seeds * scenarios.length} runs, ${Math.round(results.length * hoursOfOne)} node-hours\u001b[K`);
  if (result.kind === 'broken') return say(explainBroken(result));
  if (options.trace === true && result.wrong.length > 0) say([`${result.scenario}, seed ${result.seed}, up to the first wrong DOWN:`, ...result.wrong.map((line) => `  ${line}`)].join('\n'));
}

function beside(): void {
  const { minutes, nodes, interval } = options;
  const all = (options.scenario === undefined ? SCENARIOS.filter(({ name }) => COMPARED.includes(name)) : [options.scenario]).map((of) =>
    compareAll(of, Array.from({ length: seeds }, (_, at) => compare(of, { seed: (firstSeed + at) >>> 0, minutes, nodes, intervalMs: interval }))),
  );
  if (options.json === true) console.log(JSON.stringify(all, withoutValues, 2));
  else console.log(`seeds ${firstSeed} to ${firstSeed + seeds - 1}, ${nodes} nodes, ${minutes} min, a beat and a period of ${interval} ms\n\n${toComparison(all)}`);
}

function withoutValues(key: string, value: unknown): unknown {
  return key === 'values' ? undefined : value;
}

async function matrix(): Promise<void> {
  const startedAtMs = performance.now();
  if (options.jobs === 1) {
    for (let task = next(); task !== null; task = next()) {
      const of = scenarios.find(({ name }) => name === task.scenario);
      if (of !== undefined) done(simulate(of, task.options));
    }
  } else {
    await runTasks(options.jobs, next, done);
  }
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');

  const all = scenarios.map((of) => totals(of, results.filter((result) => result.scenario === of.name).toSorted((a, b) => a.seed - b.seed)));
  if (options.json === true) {
    console.log(JSON.stringify({ totals: all, runs: results }, withoutValues, 2));
  } else {
    const seconds = (performance.now() - startedAtMs) / 1000;
    say(`\nseeds ${firstSeed} to ${firstSeed + seeds - 1}, ${options.nodes} nodes, ${options.minutes} min, a beat every ${options.interval} ms; ${seconds.toFixed(0)} s, ${((results.length * hoursOfOne) / seconds).toFixed(0)} node-hours per second\n\n${toTable(all)}`);
    const wrong = results.flatMap((result) => (result.kind === 'completed' && result.figures.wrongDowns > 0 ? [explainWrong(result)] : []));
    if (wrong.length > 0) say(['Wrong DOWN:', ...wrong.slice(0, 20)].join('\n'));
    const [only] = results;
    if (results.length === 1 && only !== undefined) say(`hash ${only.hash}`);
  }
  if (results.some(({ kind }) => kind === 'broken')) process.exitCode = 1;
}

if (options.baseline === true) {
  try {
    beside();
  } catch (error) {
    if (!(error instanceof InvariantBroken)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
} else {
  await matrix();
}
