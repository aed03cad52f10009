/** Beats for tests: everything well but what is said. */
import type { Beat } from '@muster/contracts';

export function beat(more: Partial<Beat> = {}): Beat {
  return {
    v: 1,
    nodeId: 'node-1',
    incarnation: 7,
    seq: 1,
    sentMonoMs: 1000,
    sentUnixMs: 1_700_000_000_000,
    intervalMs: 1000,
    state: 'running',
    service: 'producer',
    zone: 'zone-a',
    tags: {},
    resources: { cores: 2, memoryBytes: 1e9 },
    httpUrl: null,
    probeUrl: null,
    mainLagMs: 0,
    vitals: { cpuProcess: 0.1, cpuHost: 0.2, memory: 0.3, eventLoopDelayMs: 5, errorRate: 0, checks: [] },
    ...more,
  };
}
