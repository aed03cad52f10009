/** What an agent counts. Without a registry it counts nothing, and does not load what it would count with. */
import { createRequire } from 'node:module';
import type { Registry } from 'prom-client';

const LANES = ['bus', 'http'] as const;
export type LaneName = (typeof LANES)[number];

export interface AgentMetrics {
  sent(lane: LaneName): void;
  failed(lane: LaneName): void;
  /** Beats that were not sent at all: the process slept through them, or a newer one took their place. */
  missed(count: number): void;
  /** Which lane takes beats now. */
  lane(lane: LaneName | 'none'): void;
}

export function agentMetrics(registry: Registry | undefined): AgentMetrics {
  if (registry === undefined) return { sent: () => {}, failed: () => {}, missed: () => {}, lane: () => {} };
  const { Counter, Gauge } = createRequire(import.meta.url)('prom-client') as typeof import('prom-client');
  const registers = [registry];
  const sent = new Counter({ name: 'cluster_heartbeats_sent_total', help: 'Beats that a lane took, by lane', labelNames: ['lane'], registers });
  const failed = new Counter({ name: 'cluster_heartbeats_send_failures_total', help: 'Beats that a lane did not take, by lane', labelNames: ['lane'], registers });
  const missed = new Counter({ name: 'cluster_heartbeats_missed_total', help: 'Beats that were never sent: slept through, or overtaken by a newer one', registers });
  const laneInUse = new Gauge({ name: 'cluster_heartbeat_lane', help: '1 for the lane that takes beats now, 0 for the other; both 0 while none does', labelNames: ['lane'], registers });
  for (const lane of LANES) {
    sent.inc({ lane }, 0);
    failed.inc({ lane }, 0);
    laneInUse.set({ lane }, 0);
  }
  return {
    sent: (lane) => sent.inc({ lane }),
    failed: (lane) => failed.inc({ lane }),
    missed: (count) => missed.inc(count),
    lane: (inUse) => {
      for (const lane of LANES) laneInUse.set({ lane }, lane === inUse ? 1 : 0);
    },
  };
}
