/** Reads the state of the consumer's parts for health, metrics, membership checks and `GET /stats`; changes none of it. */
import { partitionKey, type MessageBus, type Subscription } from '@muster/contracts';
import { Gauge, type Registry } from 'prom-client';
import type { Database } from './database/database.js';
import type { SinkMetrics } from './sink/sink-metrics.js';
import type { ConsumerStats } from './stats.controller.js';

export interface ConsumerParts {
  readonly database: Database;
  readonly metrics: SinkMetrics;
  readonly bus: Pick<MessageBus, 'status'>;
  /** Null until the subscription could be made. */
  readonly subscription: () => Subscription | null;
  readonly lagRecordsMax: number;
  readonly registry: Registry;
}

export interface Check {
  readonly ok: boolean;
  readonly detail: string;
}

export class ConsumerState {
  constructor(private readonly parts: ConsumerParts) {
    const registers = [parts.registry];
    const lag = (): number | null => this.lag();
    const isUp = (): boolean => parts.database.state().state === 'up';
    new Gauge({ name: 'consumer_lag_records', help: 'Records not stored yet in the partitions held; -1 while unknown.', registers, collect() { this.set(lag() ?? -1); } });
    new Gauge({ name: 'consumer_database_up', help: '1 while the database answers.', registers, collect() { this.set(isUp() ? 1 : 0); } });
    new Gauge({ name: 'consumer_partitions_assigned', help: 'Partitions held.', registers, collect() { this.set(parts.subscription()?.assigned().length ?? 0); } });
  }

  stats(): ConsumerStats {
    const { database, metrics, subscription } = this.parts;
    return { ...metrics.totals(), lag: this.lag(), partitions: (subscription()?.assigned() ?? []).map(partitionKey).toSorted(), database: database.state() };
  }

  /** For readiness: without a database there is nothing to query. */
  databaseCheck(): Check {
    const { state, detail, kind } = this.parts.database.state();
    return { ok: state === 'up', detail: state === 'up' ? kind : `${kind} is ${state}${detail === '' ? '' : `: ${detail}`}` };
  }

  busCheck(): Check {
    const { state, detail } = this.parts.bus.status();
    return { ok: state === 'up', detail: detail === '' ? state : detail };
  }

  /** For the health score: that the database is still being opened is no fault. */
  memberDatabaseCheck(): Check {
    const check = this.databaseCheck();
    return this.parts.database.state().state === 'opening' ? { ...check, ok: true } : check;
  }

  lagCheck(): Check {
    const lag = this.lag();
    if (lag === null) return { ok: true, detail: 'not known yet' };
    return { ok: lag <= this.parts.lagRecordsMax, detail: `${lag} records behind` };
  }

  private lag(): number | null {
    return this.parts.subscription()?.lag() ?? null;
  }
}
