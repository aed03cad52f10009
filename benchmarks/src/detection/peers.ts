/** How long other systems take for the same `kill -9`, in the same run on the same machine. */
import { tell } from '../progress.js';
import { type BenchResult, spread } from '../report.js';
import { etcdTrials, etcdVersion, LEASE_TTL_S } from './etcd.js';
import { PEERS } from './plan.js';
import { SERF_AGENTS, serfTrials, serfVersion } from './serf.js';

interface Peer {
  readonly key: (typeof PEERS)[number];
  readonly setting: string;
  readonly row: { readonly case: string; readonly metric: string };
  readonly install: string;
  readonly version: () => string | null;
  /** Milliseconds each. */
  readonly run: (trials: number) => Promise<readonly number[]>;
}

const ALL: readonly Peer[] = [
  { key: 'serf', setting: 'lan', row: { case: `kill -9, host up, ${SERF_AGENTS} agents`, metric: 'to member-failed' }, install: 'serf', version: serfVersion, run: (trials) => serfTrials(trials, 'lan') },
  { key: 'etcd', setting: `lease of ${LEASE_TTL_S} s`, row: { case: 'kill -9, host up, holder of a lease', metric: 'to its key gone' }, install: 'etcd-server', version: etcdVersion, run: etcdTrials },
];

export async function peers(isWanted: (key: string) => boolean, trials: number): Promise<{ readonly results: readonly BenchResult[]; readonly conditions: Readonly<Record<string, string>> }> {
  const results: BenchResult[] = [];
  const conditions: Record<string, string> = {};
  for (const { key, setting, row, install, version, run } of ALL.filter((peer) => isWanted(peer.key))) {
    const found = version();
    if (found === null) {
      conditions[key] = `not installed (apt-get install ${install})`;
      continue;
    }
    const samples = await run(trials);
    results.push({ ...row, unit: 's', ...spread(samples.map((one) => one / 1000)), peer: `${key} ${found}, ${setting}` });
    tell(`detection: ${key}, done`);
  }
  return { results, conditions };
}
