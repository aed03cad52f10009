/**
 * How many writes a group of three processes commits a second, and how long one takes, on this disk with a sync each; etcd beside.
 *
 * What a sync costs is measured in three ways, none of which is the whole truth: by one process alone; by the three at once, as each commit has
 * it; and beside the writes, where it meets their processors as well. Each gives a time that a commit may take: two syncs, one at the leader or
 * beside it and one at a follower, and 3 ms.
 */
import { machineConditions } from '../conditions.js';
import { etcdVersion } from '../detection/etcd.js';
import { tell } from '../progress.js';
import { type BenchReport, type BenchResult, spread } from '../report.js';
import { syncs, syncsBeside } from './disk.js';
import { EtcdProcesses } from './etcd-processes.js';
import { RaftProcesses } from './raft-processes.js';

const BYTES = 128;
const LANES = [1, 8, 16, 256] as const;
const PER_SECOND = 5000;
const SYNCS = 1000;
/** Until what runs is compiled and the write-ahead logs have come round once, as at a member that has run for a while. */
const WARM_UP = { count: 20_000, lanes: 8 };
const ALLOWED_MS = 3;

interface Run {
  readonly tookMs: number;
  readonly samples: readonly number[];
  /** By how much each write of a steady rate was proposed too late. */
  readonly lateMs?: readonly number[];
}

interface Load {
  readonly name: string;
  readonly begin: () => Promise<unknown>;
}

export async function commit({ writes }: { readonly writes: number }): Promise<BenchReport> {
  const conditions = machineConditions();
  const version = etcdVersion();
  const results: BenchResult[] = [];
  const ours = new RaftProcesses();
  try {
    await ours.startAll();
    const leader = ours.member(await ours.settled());
    await leader.ask<'many'>({ kind: 'many', bytes: BYTES, ...WARM_UP });
    const loads: readonly Load[] = [
      { name: `${PER_SECOND} a second`, begin: () => leader.ask<'paced'>({ kind: 'paced', bytes: BYTES, count: writes, perSecond: PER_SECOND }) },
      ...LANES.map((lanes): Load => ({ name: `${lanes} at once`, begin: () => leader.ask<'many'>({ kind: 'many', bytes: BYTES, count: countOf(writes, lanes), lanes }) })),
    ];
    for (const load of loads) {
      results.push(...(await underLoad(ours, load)));
      tell(`commit: ours, ${load.name}, done`);
    }
  } finally {
    await ours.stop();
  }
  if (version !== null) results.push(...(await etcdRows(writes, `etcd ${version}`)));
  return {
    bench: 'commit',
    conditions: {
      ...conditions,
      group: 'three processes on loopback and on one disk, defaults; every commit synced by a majority',
      'bytes of a write': BYTES,
      'ours is asked': 'in the process of the leader, as a coordinator does',
      [`${PER_SECOND} a second`]: 'proposed at that rate, in a burst each millisecond, whether or not those before are answered',
      'so many at once': 'each proposes the next when its last is answered',
      'a sync': 'write of 4 KiB and fdatasync: by one process alone, by the three at once, and every 2 ms beside the writes',
      etcd: version === null ? 'not installed (apt-get install etcd-server)' : 'over its HTTP gateway at the leader, from one client process, which is part of what is measured; not the same way in',
    },
    results,
  };
}

/** The disk before each load and beside it: what it takes changes with whoever else uses it. */
async function underLoad(ours: RaftProcesses, { name, begin }: Load): Promise<BenchResult[]> {
  const alone = syncs(ours.folder, SYNCS);
  const three = (await Promise.all(ours.ids.map((id) => ours.member(id).ask<'syncs'>({ kind: 'syncs', count: SYNCS })))) as number[][];
  const { done, samples: beside } = await syncsBeside(ours.folder, begin());
  const run = done as Run;
  const disk = [
    { how: 'alone', samples: alone },
    { how: 'by three at once', samples: three.flat() },
    { how: 'beside the writes', samples: beside },
  ];
  return [
    ...rows(name, run),
    ...(run.lateMs === undefined ? [] : [{ case: name, metric: 'proposed too late', unit: 'ms', ...spread(run.lateMs) }]),
    ...disk.map(({ how, samples }) => ({ case: name, metric: `a sync, ${how}`, unit: 'ms', ...spread(samples) })),
    ...disk.map(({ how, samples }) => ({ case: name, metric: `p99 allowed by a sync ${how}`, unit: 'ms', n: samples.length, value: 2 * spread(samples).p99 + ALLOWED_MS })),
  ];
}

async function etcdRows(writes: number, peer: string): Promise<BenchResult[]> {
  const etcd = await EtcdProcesses.start();
  try {
    const results: BenchResult[] = [];
    await etcd.many(500, 16);
    for (const lanes of LANES) {
      results.push(...rows(`${lanes} at once`, await etcd.many(countOf(writes, lanes), lanes)).map((row) => ({ ...row, peer })));
      tell(`commit: etcd, ${lanes} at once, done`);
    }
    return results;
  } finally {
    await etcd.stop();
  }
}

/** One at a time is slow: a tenth is enough. */
function countOf(writes: number, lanes: number): number {
  return lanes === 1 ? Math.ceil(writes / 10) : writes;
}

function rows(name: string, { tookMs, samples }: Run): BenchResult[] {
  return [
    { case: name, metric: 'commits a second', unit: '1/s', n: samples.length, value: (samples.length * 1000) / tookMs },
    { case: name, metric: 'one commit', unit: 'ms', ...spread(samples) },
  ];
}
