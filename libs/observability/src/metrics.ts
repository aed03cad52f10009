/**
 * The metrics registry of a service, with what every process tells of itself.
 *
 * Measured when scraped: the library's own defaults sample the event loop a hundred times a second, which adds up over
 * many small processes.
 */
import { Counter, Gauge, Registry } from 'prom-client';
import type { HealthRegistry } from './health-registry.js';

/** Nest token of the service's prom-client `Registry`. */
export const METRICS = Symbol('METRICS');

export interface MetricsLabels {
  readonly service: string;
  readonly nodeId: string;
  readonly version: string;
}

export function createMetrics({ service, nodeId, version }: MetricsLabels): Registry {
  const registry = new Registry();
  const info = new Gauge({ name: 'muster_service_info', help: 'Which service this is; always 1.', labelNames: ['service', 'node_id', 'version', 'node_version'], registers: [registry] });
  info.set({ service, node_id: nodeId, version, node_version: process.version }, 1);
  const startUnixS = Date.now() / 1000 - process.uptime();
  read(registry, 'process_start_time_seconds', 'When the process started, in seconds since 1970.', () => startUnixS);
  const cpu: Counter = new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of the process, user and system, in seconds.',
    registers: [registry],
    collect: () => {
      const { user, system } = process.cpuUsage();
      cpu.reset();
      cpu.inc((user + system) / 1e6);
    },
  });
  read(registry, 'process_resident_memory_bytes', 'Resident memory of the process, in bytes.', () => process.memoryUsage.rss());
  read(registry, 'nodejs_heap_size_used_bytes', 'JavaScript heap in use, in bytes.', () => process.memoryUsage().heapUsed);
  read(registry, 'nodejs_active_resources', 'Handles and requests that keep the process busy.', () => process.getActiveResourcesInfo().length);
  let utilization = performance.eventLoopUtilization();
  read(registry, 'nodejs_eventloop_utilization_ratio', 'Share of time since the last scrape that the event loop was busy, 0 to 1.', () => {
    const now = performance.eventLoopUtilization();
    const sinceLast = performance.eventLoopUtilization(now, utilization).utilization;
    utilization = now;
    return sinceLast;
  });
  return registry;
}

/** Readiness as dashboards and alerts want it: the whole, and each check. */
export function exposeReadiness(registry: Registry, health: HealthRegistry): void {
  read(registry, 'muster_service_ready', 'Whether the service takes traffic, 1 or 0.', () => (health.readiness().ready ? 1 : 0));
  const checks: Gauge<'check'> = new Gauge({
    name: 'muster_service_check_ok',
    help: 'Whether a check of the service is ok, 1 or 0.',
    labelNames: ['check'],
    registers: [registry],
    collect: () => {
      checks.reset();
      for (const { name, ok } of health.readiness().checks) checks.set({ check: name }, ok ? 1 : 0);
    },
  });
}

function read(registry: Registry, name: string, help: string, value: () => number): void {
  const gauge: Gauge = new Gauge({
    name,
    help,
    registers: [registry],
    collect: () => {
      gauge.set(value());
    },
  });
}
