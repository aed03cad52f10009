/** A beat as any member might send it. */
import type { Beat } from '@muster/contracts';

export const sampleBeat: Beat = {
  v: 1,
  nodeId: 'node-1',
  incarnation: 1,
  seq: 1,
  sentMonoMs: 0,
  sentUnixMs: 0,
  intervalMs: 1000,
  state: 'running',
  service: 'producer',
  zone: 'default',
  tags: {},
  resources: { cores: 1, memoryBytes: 1 },
  httpUrl: null,
  probeUrl: null,
  mainLagMs: 0,
  vitals: { cpuProcess: 0, cpuHost: 0, memory: 0, eventLoopDelayMs: 0, errorRate: 0, checks: [] },
};
