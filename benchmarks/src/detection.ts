/** How long a `kill -9` of a producer takes to become SUSPECT, DOWN and out of the live set, as the gateway shows it, at the defaults. */
import { setTimeout as pause } from 'node:timers/promises';
import { isLive, type MemberStatus } from '@muster/contracts';
import { machineConditions } from './conditions.js';
import { LocalCluster, type LocalProcess } from './local-cluster.js';
import { until } from './processes.js';
import { tell } from './progress.js';
import { type BenchReport, spread } from './report.js';

const PRODUCERS = 4;
/** Members of a cluster with that many producers: coordinator, consumer and gateway beside them. */
const MEMBERS = PRODUCERS + 3;
const GIVE_UP_MS = 60_000;
/** A beat interval is 1 s: kills are spread over it, not always right after a beat. */
const PHASE_MS = 137;

interface Trial {
  readonly suspectMs: number | null;
  readonly downMs: number;
  /** Members other than the one killed that were ever DOWN. Count. */
  readonly falseDown: number;
}

async function killAndWatch(cluster: LocalCluster, victim: LocalProcess, dead: ReadonlySet<string>): Promise<Trial> {
  const nodeId = victim.nodeId!;
  process.kill(victim.pid, 'SIGKILL');
  const killedMs = performance.now();
  let suspectMs: number | null = null;
  let falseDown = 0;
  const downMs = await until(
    `${nodeId} DOWN`,
    GIVE_UP_MS,
    async () => {
      const { membership } = await cluster.status();
      const status: MemberStatus | undefined = membership[nodeId]?.status;
      if (status === 'SUSPECT') suspectMs ??= performance.now() - killedMs;
      falseDown = Math.max(falseDown, Object.values(membership).filter((member) => !isLive(member.status) && member.nodeId !== nodeId && !dead.has(member.nodeId)).length);
      return status === 'DOWN' ? performance.now() - killedMs : undefined;
    },
    20,
  );
  return { suspectMs, downMs, falseDown };
}

export async function detection(options: { trials: number }): Promise<BenchReport> {
  const conditions = machineConditions();
  const trials: Trial[] = [];
  while (trials.length < options.trials) {
    const cluster = LocalCluster.start({ portOffset: 22_000, arguments: ['--producers', String(PRODUCERS)] });
    try {
      await cluster.allHealthy(MEMBERS);
      const victims = (await cluster.processes()).filter((one) => one.role === 'producer' && one.nodeId !== null);
      const dead = new Set<string>();
      for (const victim of victims.slice(0, options.trials - trials.length)) {
        await pause((trials.length * PHASE_MS) % 1000);
        const trial = await killAndWatch(cluster, victim, dead);
        trials.push(trial);
        tell(`detection: trial ${trials.length} of ${options.trials}, DOWN after ${(trial.downMs / 1000).toFixed(1)} s`);
        dead.add(victim.nodeId!);
      }
    } finally {
      await cluster.stop();
    }
  }
  const suspects = trials.flatMap((trial) => (trial.suspectMs === null ? [] : [trial.suspectMs / 1000]));
  return {
    bench: 'detection',
    conditions: { ...conditions, beats: '1 s (default)', 'failure.timeoutMs': 15_000, 'seen at': 'gateway, polled every 20 ms', cluster: `${MEMBERS} members as processes on one machine` },
    results: [
      ...(suspects.length > 0 ? [{ case: 'kill -9 of a producer', metric: 'to SUSPECT', unit: 's', ...spread(suspects) }] : []),
      { case: 'kill -9 of a producer', metric: 'to DOWN', unit: 's', ...spread(trials.map((trial) => trial.downMs / 1000)) },
      { case: 'kill -9 of a producer', metric: 'within 15 s', unit: 'trials', n: trials.length, value: trials.filter((trial) => trial.downMs <= 15_000).length },
      { case: 'all others', metric: 'false DOWN', unit: 'members', n: trials.length, value: trials.reduce((sum, trial) => sum + trial.falseDown, 0) },
    ],
  };
}
