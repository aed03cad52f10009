/** What an agent counts. Without a registry it counts nothing, and does not load what it would count with. */
import { createRequire } from 'node:module';
import type { Counter as CounterType, Gauge as GaugeType, Registry } from 'prom-client';
import { LANE_CODES } from './engine/lane-note.js';
import type { SharedCounters, Slot } from './engine/shared-counters.js';

type Prom = typeof import('prom-client');

export interface AgentMetrics {
  sentByBus(): void;
  failedByBus(): void;
  workerDied(): void;
}

/** What the engine counts is read when somebody asks: the engine runs in another thread. */
export function agentMetrics(registry: Registry | undefined, shared: SharedCounters): AgentMetrics {
  if (registry === undefined) return { sentByBus: () => {}, failedByBus: () => {}, workerDied: () => {} };
  const prom = createRequire(import.meta.url)('prom-client') as Prom;
  const registers = [registry];
  const sent = byLane(prom, registers, { name: 'cluster_heartbeats_sent_total', help: 'Beats that a lane took, by lane', direct: since(shared, 'sentDirect') });
  const failed = byLane(prom, registers, { name: 'cluster_heartbeats_send_failures_total', help: 'Beats that a lane did not take, by lane', direct: since(shared, 'failedDirect') });
  const deaths = new prom.Counter({ name: 'cluster_agent_worker_deaths_total', help: 'Times that the thread that beats died and was replaced', registers });
  countersOf(prom, registers, shared);
  gaugesOf(prom, registers, shared);
  return { sentByBus: () => sent.inc({ lane: 'bus' }), failedByBus: () => failed.inc({ lane: 'bus' }), workerDied: () => deaths.inc() };
}

function byLane({ Counter }: Prom, registers: Registry[], { name, help, direct }: { readonly name: string; readonly help: string; readonly direct: () => number }) {
  const counter: CounterType<'lane'> = new Counter({ name, help, labelNames: ['lane'], registers, collect: () => counter.inc({ lane: 'direct' }, direct()) });
  counter.inc({ lane: 'bus' }, 0);
  return counter;
}

function countersOf({ Counter }: Prom, registers: Registry[], shared: SharedCounters): void {
  const counters: readonly (readonly [Slot, string, string])[] = [
    ['missed', 'cluster_heartbeats_missed_total', 'Beats that were never sent: slept through, or overtaken by a newer one'],
    ['laneOpens', 'cluster_agent_lane_opens_total', 'Times that a direct lane was opened'],
    ['laneMessagesDropped', 'cluster_agent_lane_messages_dropped_total', 'Messages of direct lanes that could not be read, or not be sent'],
    ['probesServed', 'cluster_agent_probes_served_total', 'Times that somebody was told at the probe port who is here'],
    ['probesMade', 'cluster_agent_probes_made_total', 'Looks at other members that a coordinator asked for'],
    ['probesDeclined', 'cluster_agent_probes_declined_total', 'Looks at other members that were asked for while too many were under way, or at addresses that are not looked at'],
  ];
  for (const [slot, name, help] of counters) {
    const more = since(shared, slot);
    const counter: CounterType = new Counter({ name, help, registers, collect: () => counter.inc(more()) });
  }
}

function gaugesOf({ Gauge }: Prom, registers: Registry[], shared: SharedCounters): void {
  const laneInUse = new Gauge({
    name: 'cluster_heartbeat_lane',
    help: '1 for the lane that takes beats now, 0 for the other; both 0 while none does',
    labelNames: ['lane'],
    registers,
    collect: () => {
      for (const lane of ['bus', 'direct'] as const) laneInUse.set({ lane }, shared.get('laneInUse') === LANE_CODES[lane] ? 1 : 0);
    },
  });
  const lanesOpen: GaugeType = new Gauge({ name: 'cluster_agent_lanes_open', help: 'Coordinators to which a direct lane is open', registers, collect: () => lanesOpen.set(shared.get('lanesOpen')) });
  const lanesWanted: GaugeType = new Gauge({ name: 'cluster_agent_lanes_wanted', help: 'Coordinators to which a direct lane should be open', registers, collect: () => lanesWanted.set(shared.get('lanesWanted')) });
  const lag: GaugeType = new Gauge({ name: 'cluster_agent_main_loop_lag_seconds', help: 'How long the main loop has not moved, 0 while it moves', registers, collect: () => lag.set(shared.get('mainLagMs') / 1000) });
}

/** What was added since the last call. */
function since(shared: SharedCounters, slot: Slot): () => number {
  let before = 0;
  return () => {
    const now = shared.get(slot);
    const more = now - before;
    before = now;
    return more;
  };
}
