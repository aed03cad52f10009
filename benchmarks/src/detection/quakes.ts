/** Harm to what everybody depends on: it must lead to no verdict about anybody. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Service, TestCluster } from '@muster/test-cluster';
import { tellProgress } from '../progress.js';

export interface Quake {
  readonly key: string;
  readonly title: string;
  readonly target: (cluster: TestCluster) => Service;
  readonly forMs: number;
  /** It is the length that counts, not how often. Count. */
  readonly trialsMax: number;
}

/** After a quake, for every deadline that it could have upset. Milliseconds. */
const AFTERMATH_MS = 8000;

export const QUAKES: readonly Quake[] = [
  { key: 'coordinator', title: 'coordinator SIGSTOP for 10 s', target: ({ services }) => services.coordinator, forMs: 10_000, trialsMax: 5 },
  { key: 'bus', title: 'bus stopped for 2 minutes', target: ({ services }) => services.bus, forMs: 120_000, trialsMax: 1 },
];

/** How many verdicts about members followed, over all trials. */
export async function runQuakes(cluster: TestCluster, { title, target, forMs, trialsMax }: Quake, trials: number): Promise<{ readonly n: number; readonly suspects: number; readonly downs: number }> {
  const before = cluster.verdicts.wrong().length;
  const n = Math.min(trials, trialsMax);
  for (let trial = 1; trial <= n; trial++) {
    const service = target(cluster);
    service.pause();
    await pause(forMs);
    service.resume();
    await pause(AFTERMATH_MS);
    tellProgress(`detection: ${title}, ${trial} of ${n} times`);
  }
  const wrong = cluster.verdicts.wrong().slice(before);
  const count = (status: 'SUSPECT' | 'DOWN'): number => wrong.filter((turn) => turn.status === status).length;
  return { n, suspects: count('SUSPECT'), downs: count('DOWN') };
}
