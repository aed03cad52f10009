/** `npm run bench -- NAME [--json]`: runs one benchmark; without a name, lists them. */
import { Command, InvalidArgumentError } from 'commander';
import { INSIDE, runInside } from '@muster/test-cluster';
import { HARM_KEYS } from './coordinators/harms.js';
import { CASE_KEYS } from './detection/plan.js';
import { type BenchReport, toTable } from './report.js';

const count = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError(`'${text}' is not a whole number of at least 1.`);
  return value;
};

const counts = (text: string): readonly number[] => text.split(',').map(count);

const countOrNone = (text: string): number => (text === '0' ? 0 : count(text));

const minutes = (text: string): number => {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError(`'${text}' is not a number of minutes above 0.`);
  return value;
};

const someOf = (known: readonly string[]) => (text: string): readonly string[] => {
  const keys = text.split(',');
  const unknown = keys.find((key) => !known.includes(key));
  if (unknown !== undefined) throw new InvalidArgumentError(`'${unknown}' is none of ${known.join(', ')}.`);
  return keys;
};

function print(report: BenchReport, json: boolean | undefined): void {
  console.log(json === true ? JSON.stringify(report, null, 2) : toTable(report));
}

const program = new Command('bench').description('What we claim, measured. Each prints its conditions; close other programs first.').showHelpAfterError();

program
  .command('start')
  .description('npm start until every member is HEALTHY, and the memory of the whole cluster')
  .option('--runs <n>', 'fresh starts', count, 5)
  .option('--json', 'machine-readable')
  .action(async (options: { runs: number; json?: boolean }) => print(await (await import('./start.js')).start(options), options.json));

program
  .command('pipeline')
  .description('log records through real Kafka into PostgreSQL, the consumer killed with -9 meanwhile; counts must match')
  .option('--seconds <n>', 'how long to load', count, 300)
  .option('--rate <n>', 'records a second', count, 2000)
  .option('--kills <n>', 'kill -9 of the consumer, spread over the run (0 for none)', countOrNone, 5)
  .option('--json', 'machine-readable')
  .action(async (options: { seconds: number; rate: number; kills: number; json?: boolean }) => print(await (await import('./pipeline.js')).pipeline(options), options.json));

program
  .command('detection')
  .description(`harm of every kind until the gateway shows it, and serf beside: ${CASE_KEYS.join(', ')}; --trials 4 takes a minute or two`)
  .option('--trials <n>', 'of each case', count, 50)
  .option('--only <cases>', 'some of them, with commas between', someOf(CASE_KEYS), [])
  .option('--json', 'machine-readable')
  .action(async (options: { trials: number; only: readonly string[]; json?: boolean }) => {
    const isApart = process.env[INSIDE] !== undefined;
    const code = isApart ? null : await runInside(process.env);
    if (code === null) print(await (await import('./detection/detection.js')).detection({ ...options, isApart }), options.json);
    else process.exitCode = code;
  });

program
  .command('coordinators')
  .description(`three coordinators harmed while clients give orders and read; answers are checked for linearizability: ${HARM_KEYS.join(', ')}`)
  .option('--trials <n>', 'of each harm', count, 5)
  .option('--only <harms>', 'some of them, with commas between', someOf(HARM_KEYS), [])
  .option('--json', 'machine-readable')
  .action(async (options: { trials: number; only: readonly string[]; json?: boolean }) => {
    const code = process.env[INSIDE] === undefined ? await runInside(process.env) : null;
    if (code === null) print(await (await import('./coordinators/coordinators.js')).coordinators({ ...options, isApart: process.env[INSIDE] !== undefined }), options.json);
    else process.exitCode = code;
  });

program
  .command('detector')
  .description('the failure detector alone: beats per CPU second and bytes per node, a plain one beside it')
  .option('--nodes <n,n>', 'sizes, with commas between', counts, [1000, 10_000, 100_000])
  .option('--beats <n>', 'of each size', count, 5_000_000)
  .option('--json', 'machine-readable')
  .action(async (options: { nodes: readonly number[]; beats: number; json?: boolean }) => print(await (await import('./detector.js')).detector(options), options.json));

program
  .command('heartbeats')
  .description('beats through real Kafka into the state of one coordinator: a backlog worked off, and what a beat costs')
  .option('--nodes <n>', 'members that beat', count, 10_000)
  .option('--beats <n>', 'of all of them', count, 1_000_000)
  .option('--json', 'machine-readable')
  .action(async (options: { nodes: number; beats: number; json?: boolean }) => print(await (await import('./heartbeats.js')).heartbeats(options), options.json));

program
  .command('commit')
  .description('writes a second and the time of one, committed by three processes with a sync each; etcd and the disk alone beside')
  .option('--writes <n>', 'of each case', count, 20_000)
  .option('--json', 'machine-readable')
  .action(async (options: { writes: number; json?: boolean }) => print(await (await import('./consensus/commit.js')).commit(options), options.json));

program
  .command('failover')
  .description('a leader killed, handing over, or with a disk that stands still, until the next committed write; etcd beside')
  .option('--trials <n>', 'of each case', count, 100)
  .option('--etcd-trials <n>', 'of etcd', count, 30)
  .option('--json', 'machine-readable')
  .action(async (options: { trials: number; etcdTrials: number; json?: boolean }) => print(await (await import('./consensus/failover.js')).failover(options), options.json));

program
  .command('soak')
  .description('a busy machine: false verdicts while every core is kept hot')
  .option('--minutes <n>', 'how long', minutes, 10)
  .option('--hot-loops <n>', 'processes that burn a core each (default: one per core)', count)
  .option('--json', 'machine-readable')
  .action(async (options: { minutes: number; hotLoops?: number; json?: boolean }) => print(await (await import('./soak.js')).soak({ minutes: options.minutes, hotLoops: options.hotLoops }), options.json));

if (process.argv.length < 3) program.outputHelp();
else {
  try {
    await program.parseAsync();
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    // What else was running is of no use any more, and every benchmark has cleaned up after itself by now.
    process.exit(1);
  }
}
