/** A busy machine for a while: every core kept hot beside a local cluster; counts members that were wrongly called SUSPECT or DOWN. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { type ClusterEvent, clusterEventSchema, memberEventType, type MemberStatus } from '@muster/contracts';
import { machineConditions } from './conditions.js';
import { LocalCluster } from './local-cluster.js';
import { tellProgress } from './progress.js';
import { type BenchReport, spread } from './report.js';

const MEMBERS_MIN = 5;
const SAMPLE_MS = 1000;
/** Ends with the benchmark, however that ends: a loop that stayed behind would falsify every later measurement. */
const HOT_LOOP = 'const parent = process.ppid; while (process.ppid === parent) for (let i = 0; i < 1e7; i++) Math.sqrt(Math.random());';

const pageSchema = z.object({ events: z.array(clusterEventSchema), nextSince: z.int() });

/** Every event after the index `since`, and the index to go on from. */
async function eventsSince(url: string, since: number): Promise<{ events: readonly ClusterEvent[]; nextSince: number }> {
  const events: ClusterEvent[] = [];
  for (let next = since; ; ) {
    const response = await fetch(`${url}/cluster/events?format=json&limit=1000&since=${next}`);
    const page = pageSchema.parse(await response.json());
    events.push(...page.events);
    if (page.events.length === 0) return { events, nextSince: page.nextSince };
    next = page.nextSince;
  }
}

export async function soak(options: { minutes: number; hotLoops: number | undefined }): Promise<BenchReport> {
  const conditions = machineConditions();
  const hotLoops = options.hotLoops ?? availableParallelism();
  const cluster = LocalCluster.start({ portOffset: 23_000 });
  const hogs: ReturnType<typeof spawn>[] = [];
  try {
    const members = await cluster.allHealthy(MEMBERS_MIN);
    const { nextSince } = await eventsSince(cluster.coordinatorUrl, 0);
    for (let hog = 0; hog < hotLoops; hog++) hogs.push(spawn(process.execPath, ['-e', HOT_LOOP], { stdio: 'ignore' }));
    const scores: number[] = [];
    const endMs = performance.now() + options.minutes * 60_000;
    while (performance.now() < endMs) {
      await pause(SAMPLE_MS);
      const status = await cluster.status().catch(() => null);
      if (status !== null) scores.push(Math.min(...Object.values(status.membership).map((member) => member.healthScore)));
      tellProgress(`soak: ${Math.max(0, (endMs - performance.now()) / 60_000).toFixed(1)} of ${options.minutes} minutes left, lowest score now ${scores.at(-1) ?? 'unknown'}`);
    }
    const { events: during } = await eventsSince(cluster.coordinatorUrl, nextSince);
    const count = (to: MemberStatus): number => during.filter((event) => event.type === memberEventType(to)).length;
    return {
      bench: 'soak',
      conditions: { ...conditions, minutes: options.minutes, members, 'hot loops beside it': hotLoops },
      results: [
        { case: 'nobody killed', metric: 'false DOWN', unit: 'events', n: members, value: count('DOWN') },
        { case: 'nobody killed', metric: 'SUSPECT and back', unit: 'events', n: members, value: count('SUSPECT') },
        { case: 'nobody killed', metric: 'lowest health score', unit: 'points', ...spread(scores) },
        { case: 'gateway', metric: 'answers to a status request a second', unit: 'answers', n: Math.round(options.minutes * 60), value: scores.length },
      ],
    };
  } finally {
    for (const hog of hogs) hog.kill('SIGKILL');
    await cluster.stop();
  }
}
