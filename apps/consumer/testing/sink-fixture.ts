/** A database with the sink on it, and several writers that share its group, as replicas would. */
import type { Logger } from '@muster/contracts';
import { until } from '@muster/testing';
import { Registry } from 'prom-client';
import { Database } from '../src/database/database.js';
import { BatchWriter } from '../src/sink/batch-writer.js';
import { PositionStore, queryRows } from '../src/sink/position-store.js';
import { SinkMetrics } from '../src/sink/sink-metrics.js';
import type { SinkTable } from '../src/sink/sink-table.js';

export const quiet: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export async function openDatabase(url: string): Promise<Database> {
  const database = new Database({ url, poolMax: 4, statementTimeoutMs: 10_000 }, quiet);
  database.start();
  await until(`${url} is open: ${database.state().detail}`, () => database.state().state === 'up');
  return database;
}

export interface Replica {
  readonly positions: PositionStore;
  readonly writer: BatchWriter;
  readonly metrics: SinkMetrics;
}

/** As one consumer process: it remembers its own epochs. */
export function replica(database: Database, table: SinkTable, group = 'test'): Replica {
  const positions = new PositionStore(database, group);
  const metrics = new SinkMetrics(new Registry(), quiet);
  return { positions, metrics, writer: new BatchWriter({ database, positions, table, metrics, operation: () => undefined }) };
}

export function rowsOf<Row>(database: Database, sql: string): Promise<Row[]> {
  return database.use((dataSource) => queryRows<Row>(dataSource, sql, []));
}

export async function countOf(database: Database, table: string): Promise<number> {
  const [row] = await rowsOf<{ count: number }>(database, `SELECT count(*)::int AS count FROM ${table}`);
  return row?.count ?? -1;
}
