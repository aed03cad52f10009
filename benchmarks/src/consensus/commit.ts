/** How many writes a group of three processes commits a second, and how long one takes, on this disk with a sync each; etcd beside, and the disk alone. */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { machineConditions } from '../conditions.js';
import { etcdVersion } from '../detection/etcd.js';
import { tell } from '../progress.js';
import { type BenchReport, type BenchResult, spread } from '../report.js';
import { EtcdProcesses } from './etcd-processes.js';
import { RaftProcesses } from './raft-processes.js';

const BYTES = 128;
const LANES = [1, 8, 256] as const;
const SYNCS = 1000;

interface Run {
  readonly tookMs: number;
  readonly samples: readonly number[];
}

export async function commit({ writes }: { readonly writes: number }): Promise<BenchReport> {
  const conditions = machineConditions();
  const version = etcdVersion();
  const results: BenchResult[] = [];
  const ours = new RaftProcesses();
  try {
    await ours.startAll();
    const leader = ours.member(await ours.settled());
    await leader.ask<'many'>({ kind: 'many', bytes: BYTES, count: 2000, lanes: 64 });
    for (const lanes of LANES) {
      // Beside each run: what the disk takes changes with whoever else uses it.
      results.push({ case: `disk alone, before ${lanes} at once`, metric: 'write of 4 KiB and fdatasync', unit: 'ms', ...spread(syncs(ours.folder)) });
      results.push(...rows(lanes, (await leader.ask<'many'>({ kind: 'many', bytes: BYTES, count: countOf(writes, lanes), lanes })) as Run));
      tell(`commit: ours, ${lanes} at once, done`);
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
      etcd: version === null ? 'not installed (apt-get install etcd-server)' : 'over its HTTP gateway at the leader, from one client process, which is part of what is measured; not the same way in',
    },
    results,
  };
}

async function etcdRows(writes: number, peer: string): Promise<BenchResult[]> {
  const etcd = await EtcdProcesses.start();
  try {
    const results: BenchResult[] = [];
    await etcd.many(500, 16);
    for (const lanes of LANES) {
      results.push(...rows(lanes, await etcd.many(countOf(writes, lanes), lanes)).map((row) => ({ ...row, peer })));
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

function rows(lanes: number, { tookMs, samples }: Run): BenchResult[] {
  const name = `${lanes} at once`;
  return [
    { case: name, metric: 'commits a second', unit: '1/s', n: samples.length, value: (samples.length * 1000) / tookMs },
    { case: name, metric: 'one commit', unit: 'ms', ...spread(samples) },
  ];
}

function syncs(folder: string): number[] {
  const path = join(folder, 'syncs');
  const file = openSync(path, 'w');
  const page = Buffer.alloc(4096, 1);
  try {
    return Array.from({ length: SYNCS }, () => {
      const sinceMs = performance.now();
      writeSync(file, page);
      fdatasyncSync(file);
      return performance.now() - sinceMs;
    });
  } finally {
    closeSync(file);
    rmSync(path);
  }
}
