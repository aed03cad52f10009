/** How fast harm of every kind becomes no traffic and DOWN, as the gateway shows it, and how often somebody else is blamed. */
import { machineConditions } from '../conditions.js';
import { tell } from '../progress.js';
import { type BenchReport, type BenchResult, spread } from '../report.js';
import type { Sample } from './cases.js';
import { furnish, TestCluster } from '@muster/test-cluster';
import { CASES, type DetectionCase } from './plan.js';
import { type Quake, QUAKES, runQuakes } from './quakes.js';
import { peers } from './peers.js';
import { runTrials } from './trials.js';

/** Members that nothing is done to. With those harmed at once the share stays well below the brake's. */
const BYSTANDERS = 16;
/** Members that are new serve at once; nobody here is harmed often enough to be damped. */
const SETTINGS = { MUSTER_STABILISATION_PERIOD_MS: '0' };

export interface DetectionOptions {
  readonly trials: number;
  /** Keys of `CASE_KEYS`; empty: all. */
  readonly only: readonly string[];
  /** True inside a network of our own. */
  readonly isApart: boolean;
}

export async function detection({ trials, only, isApart }: DetectionOptions): Promise<BenchReport> {
  const conditions = machineConditions();
  if (isApart) furnish();
  const isWanted = (key: string): boolean => only.length === 0 || only.includes(key);
  const wanted = CASES.filter(({ key, needsLink }) => isWanted(key) && (isApart || !needsLink));
  const leftOut = CASES.filter(({ key, needsLink }) => isWanted(key) && needsLink && !isApart).map(({ key }) => key);
  const quakes = QUAKES.filter(({ key }) => isWanted(key));
  // At the same time, so that all of them have the same machine with the same load.
  const [results, others] = await Promise.all([wanted.length + quakes.length > 0 ? ours(wanted, quakes, { trials, isApart }) : [], peers(isWanted, trials)]);
  return {
    bench: 'detection',
    conditions: {
      ...conditions,
      trials,
      cluster: `bus, coordinator, gateway and ${BYSTANDERS} bystanders as processes; settings: ${Object.entries(SETTINGS).map(([name, value]) => `${name}=${value}`).join(' ')}`,
      'seen at': 'the live view of the gateway, by which it routes',
      network: isApart ? 'of its own, links cut by `ip link set down`' : 'loopback',
      ...(leftOut.length > 0 ? { 'left out': `${leftOut.join(', ')}: no network of our own to be had here (unshare, ip)` } : {}),
      ...others.conditions,
    },
    results: [...results, ...others.results],
  };
}

async function ours(cases: readonly DetectionCase[], quakes: readonly Quake[], { trials, isApart }: { readonly trials: number; readonly isApart: boolean }): Promise<readonly BenchResult[]> {
  const cluster = await TestCluster.start({ isApart, env: SETTINGS });
  try {
    await Promise.all(Array.from({ length: BYSTANDERS }, (_, index) => cluster.join({ nodeId: `bystander-${index + 1}`, intervalMs: 1000, linkSlot: null })));
    const results: BenchResult[] = [];
    for (const one of cases) {
      const samples = await runTrials(cluster, one, trials);
      results.push(...rows(one, samples));
      tell(`detection: ${one.title}, done`);
    }
    const wrong = cluster.verdicts.wrong();
    const brakes = cluster.verdicts.brakeCount;
    for (const quake of quakes) {
      const { n, suspects, downs } = await runQuakes(cluster, quake, trials);
      results.push({ case: quake.title, metric: 'wrong DOWN', unit: 'verdicts', n, value: downs }, { case: quake.title, metric: 'wrong SUSPECT', unit: 'verdicts', n, value: suspects });
      tell(`detection: ${quake.title}, done`);
    }
    for (const { nodeId, status, reason } of cluster.verdicts.wrong()) tell(`detection: ${nodeId} was wrongly ${status}: ${reason}`);
    const n = cases.length * trials;
    if (n > 0) {
      results.push(
        { case: 'all others', metric: 'wrong DOWN', unit: 'verdicts', n, value: wrong.filter(({ status }) => status === 'DOWN').length },
        { case: 'all others', metric: 'wrong SUSPECT', unit: 'verdicts', n, value: wrong.filter(({ status }) => status === 'SUSPECT').length },
        { case: 'all others', metric: 'brakes engaged', unit: 'times', n, value: brakes },
      );
    }
    return results;
  } finally {
    await cluster.stop();
  }
}

function rows({ title, pauseTolerated, isFatal }: DetectionCase, samples: readonly Sample[]): BenchResult[] {
  const times = (metric: string, ms: readonly number[]): BenchResult[] => (ms.length === 0 ? [] : [{ case: title, metric, unit: 's', ...spread(ms.map((one) => one / 1000)), pauseTolerated }]);
  const noTraffic = times('to no traffic', samples.flatMap(({ noTrafficMs }) => noTrafficMs ?? []));
  const downs = samples.flatMap(({ downMs }) => downMs ?? []);
  // What comes back must never have been given up.
  return isFatal ? [...noTraffic, ...times('to DOWN', downs)] : [...noTraffic, { case: title, metric: 'wrong DOWN', unit: 'verdicts', n: samples.length, value: downs.length }];
}
