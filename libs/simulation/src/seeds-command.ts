/**
 * `npm run simulate -- raft|group|control [--seeds N]`: many runs, each from a seed of its own, on one or more threads. Prints what was reached
 * and each violation with its seed. Exit code 1: something that was promised broke.
 */
import { Command } from 'commander';
import { runThreads } from './threads.js';
import { wholeNumber } from './whole-number.js';

export interface SeedRun {
  readonly seed: number;
  readonly minutes: number;
  readonly members?: number;
}

export interface SeedResult {
  readonly seed: number;
  readonly hash: string;
  readonly violations: readonly string[];
  readonly rerun: string;
  /** What was reached, to be added up. */
  readonly counts: Readonly<Record<string, number>>;
}

export interface SeedsCommand {
  readonly name: string;
  readonly description: string;
  /** Posted to the threads, which answer with a result each. */
  readonly entry: URL;
  /** The same, on this thread. */
  readonly simulate: (run: SeedRun) => SeedResult;
  readonly minutes: number;
}

interface Options {
  readonly seed?: number;
  readonly seeds: number;
  readonly minutes: number;
  readonly members?: number;
  readonly jobs: number;
  readonly json?: boolean;
}

const SHOWN_MAX = 20;

export async function runSeeds(command: SeedsCommand, words: readonly string[]): Promise<void> {
  const options = new Command(`simulate ${command.name}`)
    .description(command.description)
    .option('--seed <n>', 'where randomness begins; drawn and printed when left out', wholeNumber(0, 2 ** 32 - 1))
    .option('--seeds <n>', 'how many seeds, counted up from the first', wholeNumber(1, 10_000_000), 1)
    .option('--minutes <n>', 'virtual time of each run', wholeNumber(1, 10_000), command.minutes)
    .option('--members <n>', 'coordinators that found the group; drawn when left out', wholeNumber(1, 7))
    .option('--jobs <n>', 'runs at the same time', wholeNumber(1, 64), 1)
    .option('--json', 'machine-readable')
    .showHelpAfterError()
    .parse(words, { from: 'user' })
    .opts<Options>();
  const { seeds, minutes, members, jobs } = options;
  const firstSeed = options.seed ?? Math.floor(Math.random() * 2 ** 32);
  const startedAtMs = performance.now();
  const totals: Record<string, number> = {};
  const violated: SeedResult[] = [];
  let [given, ended] = [0, 0];
  let hash = '';
  const next = (): SeedRun | null => (given >= seeds ? null : { seed: (firstSeed + given++) >>> 0, minutes, ...(members === undefined ? {} : { members }) });
  const done = (result: SeedResult): void => {
    ended += 1;
    ({ hash } = result);
    for (const [name, count] of Object.entries(result.counts)) totals[name] = (totals[name] ?? 0) + count;
    if (result.violations.length > 0) violated.push(result);
    if (result.violations.length > 0 && violated.length <= SHOWN_MAX && options.json !== true) console.log(explain(result));
    if (process.stderr.isTTY) process.stderr.write(`\r${ended} of ${seeds} runs, ${violated.length} with violations\u001b[K`);
  };
  if (jobs === 1) for (let run = next(); run !== null; run = next()) done(command.simulate(run));
  else await runThreads(command.entry, jobs, next, done);
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  const seconds = (performance.now() - startedAtMs) / 1000;
  const hours = (seeds * minutes) / 60;
  if (options.json === true) console.log(JSON.stringify({ firstSeed, seeds, minutes, seconds, hoursPerMinute: (hours / seconds) * 60, totals, violated }, null, 2));
  else console.log(summary({ name: command.name, firstSeed, seeds, hours, seconds, totals, violated: violated.length, hash }));
  if (violated.length > 0) process.exitCode = 1;
}

function explain({ seed, violations, rerun }: SeedResult): string {
  return ['', `PROMISE BROKEN, seed ${seed}:`, ...violations.map((line) => `  ${line}`), `Again: ${rerun}`].join('\n');
}

interface Summary {
  readonly name: string;
  readonly firstSeed: number;
  readonly seeds: number;
  readonly hours: number;
  readonly seconds: number;
  readonly totals: Readonly<Record<string, number>>;
  readonly violated: number;
  readonly hash: string;
}

function summary({ name, firstSeed, seeds, hours, seconds, totals, violated, hash }: Summary): string {
  const counts = Object.entries(totals).map(([what, count]) => `${count} ${what}`);
  const lines = [
    `${name}: seeds ${firstSeed} to ${firstSeed + seeds - 1}, ${hours.toFixed(1)} simulated hours in ${seconds.toFixed(1)} s: ${((hours / seconds) * 60).toFixed(1)} hours a minute`,
    `  ${counts.join(', ')}`,
    `  ${violated === 0 ? 'no promise broken' : `${violated} seeds with broken promises`}`,
  ];
  return [...lines, ...(seeds === 1 ? [`  hash ${hash}`] : [])].join('\n');
}
