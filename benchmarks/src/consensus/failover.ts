/** How long a group of three processes commits nothing when its leader is killed, hands over, or gets a disk that stands still; etcd beside. */
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '@muster/test-cluster';
import { BadDisks } from '@muster/testing';
import { machineConditions } from '../conditions.js';
import { etcdVersion } from '../detection/etcd.js';
import { tell, tellProgress } from '../progress.js';
import { type BenchReport, type BenchResult, spread } from '../report.js';
import { EtcdProcesses } from './etcd-processes.js';
import { RaftProcesses } from './raft-processes.js';

export interface FailoverOptions {
  readonly trials: number;
  readonly etcdTrials: number;
}

/** After a handover writes are watched for so long. Milliseconds. */
const WATCH_MS = 300;

export async function failover({ trials, etcdTrials }: FailoverOptions): Promise<BenchReport> {
  const conditions = machineConditions();
  const disks = BadDisks.make();
  const ours = new RaftProcesses((id) => disks?.launch(id) ?? { before: [], env: {} });
  const version = etcdVersion();
  const results: BenchResult[] = [];
  const row = (name: string, metric: string, samples: readonly number[]): void => void results.push({ case: name, metric, unit: 'ms', ...spread(samples) });
  try {
    await ours.startAll();
    // Turn by turn with etcd, so that both have the same machine with the same load.
    const kills: number[] = [];
    const peers: number[] = [];
    const etcd = version === null ? null : await EtcdProcesses.start();
    try {
      for (let trial = 0; trial < trials; trial++) {
        kills.push(await killed(ours));
        if (etcd !== null && peers.length < (etcdTrials * (trial + 1)) / trials) peers.push(await etcdKilled(etcd));
        tellProgress(`failover: kill -9, ${trial + 1} of ${trials} trials`);
      }
    } finally {
      await etcd?.stop();
    }
    row('kill -9 of the leader', 'to the next committed write', kills);
    if (peers.length > 0) results.push({ case: 'kill -9 of the leader', metric: 'to the next committed write', unit: 'ms', ...spread(peers), peer: `etcd ${version ?? ''}` });
    row('planned handover', 'longest wait of a write', await repeated('handover', trials, () => handedOver(ours)));
    if (disks !== null) row('disk of the leader stands still', 'to the next committed write', await repeated('frozen disk', Math.ceil(trials / 4), () => frozen(ours, disks)));
  } finally {
    await ours.stop();
    disks?.remove();
  }
  return {
    bench: 'failover',
    conditions: {
      ...conditions,
      group: 'three processes on loopback and on one disk, defaults: heartbeats every 50 ms, elections after 0.5 to 1 s of silence',
      ...(disks === null ? { 'frozen disk': 'left out: needs a C compiler (cc)' } : {}),
      etcd: version === null ? 'not installed (apt-get install etcd-server)' : 'three processes, its defaults: heartbeats every 100 ms, elections after 1 to 2 s; asked over HTTP at both survivors at once; trials in turn with ours',
    },
    results,
  };
}

async function repeated(name: string, trials: number, one: () => Promise<number>): Promise<number[]> {
  const samples: number[] = [];
  while (samples.length < trials) {
    samples.push(await one());
    tellProgress(`failover: ${name}, ${samples.length} of ${trials} trials`);
  }
  tell(`failover: ${name}, done`);
  return samples;
}

async function killed(group: RaftProcesses): Promise<number> {
  const leader = await group.settled();
  await group.commit();
  // Anywhere between two heartbeats.
  await pause(Math.random() * 100);
  const sinceMs = performance.now();
  const gone = group.kill(leader);
  await group.commit(leader);
  const tookMs = performance.now() - sinceMs;
  await gone;
  await group.start(leader);
  return tookMs;
}

async function etcdKilled(group: EtcdProcesses): Promise<number> {
  const leader = await group.settled();
  await pause(Math.random() * 200);
  const sinceMs = performance.now();
  const ended = group.kill(leader);
  await group.commit(leader);
  const tookMs = performance.now() - sinceMs;
  await ended;
  group.run(leader);
  return tookMs;
}

/** Writes one after the other, while leadership moves: the longest that one of them took. */
async function handedOver(group: RaftProcesses): Promise<number> {
  const leader = await group.settled();
  const to = group.ids[(group.ids.findIndex((id) => id === leader) + 1) % group.ids.length] ?? '';
  let isOver = false;
  let longestMs = 0;
  const writing = (async (): Promise<void> => {
    while (!isOver) {
      const sinceMs = performance.now();
      await group.commit();
      longestMs = Math.max(longestMs, performance.now() - sinceMs);
    }
  })();
  await pause(50);
  await group.member(leader).ask<'transfer'>({ kind: 'transfer', to, timeoutMs: 5000 });
  await pause(WATCH_MS);
  isOver = true;
  await writing;
  return longestMs;
}

async function frozen(group: RaftProcesses, disks: BadDisks): Promise<number> {
  const leader = await group.settled();
  const sinceMs = performance.now();
  disks.set(leader, 'freeze');
  const stuck = group.member(leader).ask<'propose'>({ kind: 'propose', bytes: 128, timeoutMs: 5000 }).catch(() => undefined);
  await until('another to lead', 30_000, () => Promise.resolve(group.leader(leader) ?? undefined), 2);
  await group.commit(leader);
  const tookMs = performance.now() - sinceMs;
  disks.set(leader, 'well');
  await stuck;
  return tookMs;
}
