/** How long `npm start` takes until the gateway shows every member HEALTHY, and how much memory the whole cluster takes. */
import { machineConditions } from './conditions.js';
import { LocalCluster } from './local-cluster.js';
import { memoryOf, processTree } from './processes.js';
import { tell } from './progress.js';
import { type BenchReport, spread } from './report.js';

/** Three coordinators, two producers or more, consumer, gateway: fewer would be a cluster still forming. */
const MEMBERS_MIN = 7;

interface Sample {
  readonly seconds: number;
  readonly rssBytes: number;
  readonly pssBytes: number;
  readonly processes: number;
  readonly members: number;
}

async function onceThrough(): Promise<Sample> {
  const startedMs = performance.now();
  const cluster = LocalCluster.start({ portOffset: 21_000 });
  try {
    const members = await cluster.allHealthy(MEMBERS_MIN);
    const seconds = (performance.now() - startedMs) / 1000;
    const memory = processTree(cluster.pid).map(memoryOf);
    return {
      seconds,
      members,
      processes: memory.length,
      rssBytes: memory.reduce((sum, one) => sum + one.rssBytes, 0),
      pssBytes: memory.reduce((sum, one) => sum + one.pssBytes, 0),
    };
  } finally {
    await cluster.stop();
  }
}

export async function start(options: { runs: number }): Promise<BenchReport> {
  const conditions = machineConditions();
  const samples: Sample[] = [];
  for (let run = 0; run < options.runs; run++) {
    const sample = await onceThrough();
    samples.push(sample);
    tell(`start: run ${run + 1} of ${options.runs}, all HEALTHY after ${sample.seconds.toFixed(1)} s`);
  }
  const mib = (pick: (sample: Sample) => number): number[] => samples.map((sample) => pick(sample) / 2 ** 20);
  return {
    bench: 'start',
    conditions: { ...conditions, state: 'installed and built, empty data directory', members: samples[0]!.members, processes: samples[0]!.processes },
    results: [
      { case: 'npm start', metric: 'until all HEALTHY', unit: 's', ...spread(samples.map((sample) => sample.seconds)) },
      { case: 'npm start', metric: 'memory, resident (shared pages counted in each)', unit: 'MiB', ...spread(mib((sample) => sample.rssBytes)) },
      { case: 'npm start', metric: 'memory, proportional', unit: 'MiB', ...spread(mib((sample) => sample.pssBytes)) },
    ],
  };
}
