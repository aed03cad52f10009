/** The numbers a bus shows of itself, the same for both adapters. Keeps none when it was given no registry. */
import { createRequire } from 'node:module';
import type { Counter, Gauge, Histogram, Registry } from 'prom-client';

// Loaded where metrics are kept only: the embedded broker is smaller without it.
const require = createRequire(import.meta.url);
const library = (): typeof import('prom-client') => require('prom-client') as typeof import('prom-client');

export interface BusMetrics {
  published(topic: string, records: number, seconds: number): void;
  publishFailed(topic: string, code: string): void;
  handled(topic: string, group: string, records: number, seconds: number): void;
  retried(topic: string, group: string, why: 'later' | 'failed'): void;
  deadLettered(topic: string): void;
  reconnected(): void;
  /** Reads live state whenever the metrics are read. */
  observe(live: LiveState): void;
}

export interface LiveState {
  isUp(): boolean;
  queued(): { readonly records: number; readonly bytes: number };
  /** Lag of each group; null where it is not known yet. */
  lags(): ReadonlyMap<string, number | null>;
}

const nothing = (): void => undefined;
const NONE: BusMetrics = { published: nothing, publishFailed: nothing, handled: nothing, retried: nothing, deadLettered: nothing, reconnected: nothing, observe: nothing };
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function busMetrics(registry: Registry | undefined): BusMetrics {
  if (registry === undefined) return NONE;
  const registers = [registry];
  const { Counter, Histogram } = library();
  const counter = (name: string, help: string, labelNames: string[]): Counter => (registry.getSingleMetric(name) as Counter | undefined) ?? new Counter({ name, help, labelNames, registers });
  const histogram = (name: string, help: string, labelNames: string[]): Histogram => (registry.getSingleMetric(name) as Histogram | undefined) ?? new Histogram({ name, help, labelNames, buckets: SECONDS, registers });

  const published = counter('messaging_records_published_total', 'Records that the bus acknowledged', ['topic']);
  const publishFailures = counter('messaging_publish_failures_total', 'Calls of publish that failed', ['topic', 'code']);
  const publishSeconds = histogram('messaging_publish_duration_seconds', 'Time from publish to acknowledgement', ['topic']);
  const handled = counter('messaging_records_handled_total', 'Records that a handler finished', ['topic', 'group']);
  const handleSeconds = histogram('messaging_batch_duration_seconds', 'Time to handle one batch, waits included', ['topic', 'group']);
  const retries = counter('messaging_batch_retries_total', 'Batches handed out again', ['topic', 'group', 'why']);
  const deadLetters = counter('messaging_dead_letters_total', 'Records put aside because they could not be processed', ['topic']);
  const reconnects = counter('messaging_reconnects_total', 'Connections to the bus that were made anew', []);

  return {
    published: (topic, records, seconds) => {
      published.inc({ topic }, records);
      publishSeconds.observe({ topic }, seconds);
    },
    publishFailed: (topic, code) => publishFailures.inc({ topic, code }),
    handled: (topic, group, records, seconds) => {
      handled.inc({ topic, group }, records);
      handleSeconds.observe({ topic, group }, seconds);
    },
    retried: (topic, group, why) => retries.inc({ topic, group, why }),
    deadLettered: (topic) => deadLetters.inc({ topic }),
    reconnected: () => reconnects.inc(),
    observe: (live) => observeLive(registry, live),
  };
}

/** Gauges that read instead of being told; with several buses in one registry the last one made is shown. */
function observeLive(registry: Registry, live: LiveState): void {
  const { Gauge } = library();
  const gauge = (name: string, help: string, labelNames: string[], read: (gauge: Gauge) => void): void => {
    registry.removeSingleMetric(name);
    new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        read(this);
      },
    });
  };
  gauge('messaging_bus_up', '1 while the bus can be reached', [], (it) => it.set(live.isUp() ? 1 : 0));
  gauge('messaging_publish_queue_records', 'Records that wait for an acknowledgement', [], (it) => it.set(live.queued().records));
  gauge('messaging_publish_queue_bytes', 'Bytes of records that wait for an acknowledgement', [], (it) => it.set(live.queued().bytes));
  gauge('messaging_consumer_lag_records', 'Records of the partitions held that were not handled yet', ['group'], (it) => {
    it.reset();
    for (const [group, lag] of live.lags()) if (lag !== null) it.set({ group }, lag);
  });
}
