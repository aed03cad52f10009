/** A busy machine for a while: every core kept hot beside a local cluster; counts members that were wrongly called SUSPECT or DOWN. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { type ClusterEvent, clusterEventSchema } from '@muster/contracts';
import { machineConditions } from './conditions.js';
import { LocalCluster } from './local-cluster.js';
import { type BenchReport, spread } from './report.js';

const MEMBERS_MIN = 5;
const SAMPLE_MS = 1000;
const HOT_LOOP = 'for (;;) Math.sqrt(Math.random());';

const pageSchema = z.union([z.array(clusterEventSchema), z.object({ events: z.array(clusterEventSchema) }).transform((page) => page.events)]);

async function events(url: string): Promise<readonly ClusterEvent[]> {
  const response = await fetch(`${url}/cluster/events?format=json&limit=1000`);
  return pageSchema.parse(await response.json());
}

export async function soak(options: { minutes: number; hotLoops: number | undefined }): Promise<BenchReport> {
  const conditions = machineConditions();
  const hotLoops = options.hotLoops ?? availableParallelism();
  const cluster = LocalCluster.start({ portOffset: 23_000 });
  const hogs: ReturnType<typeof spawn>[] = [];
  try {
    const members = await cluster.allHealthy(MEMBERS_MIN);
    const before = (await events(cluster.coordinatorUrl)).length;
    for (let hog = 0; hog < hotLoops; hog++) hogs.push(spawn(process.execPath, ['-e', HOT_LOOP], { stdio: 'ignore' }));
    const scores: number[] = [];
    const endMs = performance.now() + options.minutes * 60_000;
    while (performance.now() < endMs) {
      await pause(SAMPLE_MS);
      const status = await cluster.status().catch(() => null);
      if (status !== null) scores.push(Math.min(...Object.values(status.membership).map((member) => member.healthScore)));
    }
    const during = (await events(cluster.coordinatorUrl)).slice(before);
    const count = (to: string): number => during.filter((event) => event.data.to === to).length;
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
