/** What an agent counts. Without a registry it counts nothing, and does not load what it would count with. */
import { createRequire } from 'node:module';
import type { Registry } from 'prom-client';

export type LaneName = 'bus' | 'http';

export interface AgentMetrics {
  sent(lane: LaneName): void;
  failed(lane: LaneName): void;
  /** Beats that were not sent at all: the process slept through them, or a newer one took their place. */
  missed(count: number): void;
}

export function agentMetrics(registry: Registry | undefined): AgentMetrics {
  if (registry === undefined) return { sent: () => {}, failed: () => {}, missed: () => {} };
  const { Counter, Gauge } = createRequire(import.meta.url)('prom-client') as typeof import('prom-client');
  const registers = [registry];
  const sent = new Counter({ name: 'cluster_heartbeats_sent_total', help: 'Beats that a lane took, by lane', labelNames: ['lane'], registers });
  const failed = new Counter({ name: 'cluster_heartbeats_send_failures_total', help: 'Beats that a lane did not take, by lane', labelNames: ['lane'], registers });
  const missed = new Counter({ name: 'cluster_heartbeats_missed_total', help: 'Beats that were never sent: slept through, or overtaken by a newer one', registers });
  const lastLane = new Gauge({ name: 'cluster_heartbeat_lane', help: 'Lane of the latest beat: 1 for the one in use', labelNames: ['lane'], registers });
  for (const lane of ['bus', 'http'] as const) {
    sent.inc({ lane }, 0);
    failed.inc({ lane }, 0);
    lastLane.set({ lane }, 0);
  }
  return {
    sent: (lane) => {
      sent.inc({ lane });
      lastLane.set({ lane }, 1);
      lastLane.set({ lane: lane === 'bus' ? 'http' : 'bus' }, 0);
    },
    failed: (lane) => failed.inc({ lane }),
    missed: (count) => missed.inc(count),
  };
}
