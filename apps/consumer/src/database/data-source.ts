/** Opens the database that a URL names: a server, or the engine inside this process; same entities, migrations and driver. */
import { resolve } from 'node:path';
import { DataSource } from 'typeorm';
import type { PostgresDataSourceOptions } from 'typeorm/driver/postgres/PostgresDataSourceOptions.js';
import { BusPositionEntity } from './entities/bus-position.entity.js';
import { ClusterEventEntity } from './entities/cluster-event.entity.js';
import { LogRecordEntity } from './entities/log-record.entity.js';
import { MemberStateEntity } from './entities/member-state.entity.js';
import { LogStore1763500000000 } from './migrations/1763500000000-log-store.js';
import { SeveralChangesPerEntry1763700000000 } from './migrations/1763700000000-several-changes-per-entry.js';
import type { Engine } from './pglite/open-engine.js';

export type DatabaseKind = 'postgres' | 'pglite';

export interface DataSourceSettings {
  readonly url: string;
  /** Connections at most; the embedded engine has one. */
  readonly poolMax: number;
  readonly statementTimeoutMs: number;
}

const CONNECT_MS_MAX = 5000;
/** Any number, the same in all replicas. */
const MIGRATION_LOCK = 7_316_508_312;

const shared: PostgresDataSourceOptions = {
  type: 'postgres',
  entities: [LogRecordEntity, ClusterEventEntity, MemberStateEntity, BusPositionEntity],
  migrations: [LogStore1763500000000, SeveralChangesPerEntry1763700000000],
  migrationsTableName: 'consumer_migration',
  installExtensions: false,
  applicationName: 'muster-consumer',
};

export const databaseKind = (url: string): DatabaseKind => (url.startsWith('pglite://') ? 'pglite' : 'postgres');

/** Connected, with the schema of this build. `signal` gives up what can be given up of it. */
export async function openDataSource(settings: DataSourceSettings, signal?: AbortSignal): Promise<DataSource> {
  const dataSource = databaseKind(settings.url) === 'pglite' ? await embedded(settings, signal) : await onServer(settings);
  try {
    await migrate(dataSource);
    return dataSource;
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}

function onServer({ url, poolMax, statementTimeoutMs }: DataSourceSettings): Promise<DataSource> {
  const extra = { max: poolMax, connectionTimeoutMillis: CONNECT_MS_MAX, statement_timeout: statementTimeoutMs, query_timeout: statementTimeoutMs + CONNECT_MS_MAX, keepAlive: true };
  return new DataSource({ ...shared, url, extra }).initialize();
}

async function embedded({ url, statementTimeoutMs }: DataSourceSettings, signal?: AbortSignal): Promise<DataSource> {
  const [{ openEngine }, { EngineSocket }] = await Promise.all([import('./pglite/open-engine.js'), import('./pglite/engine-socket.js')]);
  const engine = await openEngine(resolve(url.slice('pglite://'.length)), signal);
  // One connection: a query that waits for the one in use fails in bounded time instead of waiting for ever.
  const extra = { max: 1, idleTimeoutMillis: 0, connectionTimeoutMillis: statementTimeoutMs, stream: () => new EngineSocket(engine.pglite) };
  try {
    return await new EmbeddedDataSource({ ...shared, username: 'postgres', database: 'postgres', extra }, engine).initialize();
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** Closes the engine with its last connection; left open it would keep the process and the folder. */
class EmbeddedDataSource extends DataSource {
  constructor(
    options: PostgresDataSourceOptions,
    readonly engine: Engine,
  ) {
    super(options);
  }

  override async destroy(): Promise<void> {
    try {
      await super.destroy();
    } finally {
      await this.engine.close();
    }
  }
}

/** Replicas start together: one migrates, the others wait for it. */
async function migrate(dataSource: DataSource): Promise<void> {
  if (dataSource instanceof EmbeddedDataSource) {
    await dataSource.runMigrations({ transaction: 'each' });
    return;
  }
  const runner = dataSource.createQueryRunner();
  try {
    await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await dataSource.runMigrations({ transaction: 'each' });
    await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  } finally {
    // Should the unlock have failed, the end of the connection frees the lock.
    await runner.release();
  }
}
