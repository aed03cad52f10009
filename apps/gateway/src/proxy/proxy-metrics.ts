/** What the proxy counts: by service and outcome, never by path or member, so that the number of series is bounded. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface ProxyReadings {
  readonly inflight: () => number;
  readonly ejected: () => ReadonlyMap<string, number>;
}

export class ProxyMetrics {
  readonly requests: Counter<'service' | 'outcome'>;
  readonly seconds: Histogram<'service'>;
  readonly retries: Counter<'service' | 'reason'>;
  readonly retriesDenied: Counter<'service'>;
  readonly lastResort: Counter<'service' | 'tier'>;

  constructor(registry: Registry, readings: ProxyReadings) {
    const registers = [registry];
    this.requests = new Counter({ name: 'gateway_requests_total', help: 'Proxied requests by outcome: 2xx..5xx as answered, broken, client-gone, refused', labelNames: ['service', 'outcome'], registers });
    this.seconds = new Histogram({ name: 'gateway_request_duration_seconds', help: 'Time from the head of a request to the end of its answer', labelNames: ['service'], buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10], registers });
    this.retries = new Counter({ name: 'gateway_retries_total', help: 'Attempts on another member: not-sent costs nothing, sent is paid from the budget, called-off did not wait for a member in doubt', labelNames: ['service', 'reason'], registers });
    this.retriesDenied = new Counter({ name: 'gateway_retries_denied_total', help: 'Retries that the budget did not allow', labelNames: ['service'], registers });
    this.lastResort = new Counter({ name: 'gateway_last_resort_total', help: 'Requests for which no routable member was left, by what was tried', labelNames: ['service', 'tier'], registers });
    new Gauge({ name: 'gateway_requests_inflight', help: 'Proxied requests under way', registers, collect() { this.set(readings.inflight()); } });
    new Gauge({
      name: 'gateway_ejected_members',
      help: 'Members left alone for now because connections to them failed',
      labelNames: ['service'],
      registers,
      collect() {
        this.reset();
        for (const [service, count] of readings.ejected()) this.set({ service }, count);
      },
    });
  }
}
