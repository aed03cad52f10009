import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOGS_TOPIC, RetryLater } from '@muster/contracts';
import { until } from '@muster/testing';
import { openDataSource } from '../src/database/data-source.js';
import { lockDirectory } from '../src/database/pglite/directory-lock.js';
import { LOG_TABLE } from '../src/sink/log-table.js';
import { batchOf, logs } from '../testing/batches.js';
import { Cable } from '../testing/cable.js';
import { DATABASE_KINDS, newDatabase, newEmbedded } from '../testing/databases.js';
import { countOf, openDatabase, quiet, replica } from '../testing/sink-fixture.js';
import { Database } from '../src/database/database.js';

const settings = { poolMax: 4, statementTimeoutMs: 10_000 };

test('an embedded folder has one owner; the second is told who and what to do, and gets it once it is free', async () => {
  const target = await newEmbedded();
  const first = await openDatabase(target.url);
  await expect(openDataSource({ ...settings, url: target.url })).rejects.toThrow(/is in use by process \d+: an embedded database has one owner\. Stop that process/);
  await first.stop();
  const second = await openDatabase(target.url);
  expect(await countOf(second, 'log_record')).toBe(0);
  await second.stop();
  await target.drop();
});

test('a folder that was prepared half only is prepared anew', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-half-'));
  const dataSource = await openDataSource({ ...settings, url: `pglite://${join(folder, 'a', 'pglite')}` });
  expect(existsSync(join(folder, 'a', 'pglite', 'PG_VERSION'))).toBe(true);
  expect(existsSync(join(folder, 'a', 'pglite.part'))).toBe(false);
  await dataSource.destroy();
  rmSync(folder, { recursive: true });
}, 120_000);

test('while there is no database, use fails at once with a reason, and the state says so', async () => {
  const database = new Database({ ...settings, url: 'postgres://nobody@127.0.0.1:1/nothing' }, quiet);
  expect(database.state().state).toBe('opening');
  database.start();
  await until('down', () => database.state().state === 'down');
  expect(database.state().detail).toMatch(/ECONNREFUSED/);
  await expect(database.use(() => Promise.resolve(1))).rejects.toMatchObject({ code: 'DATABASE_DOWN', statusCode: 503, retriable: true });
  await database.stop();
});

test('a stop does not wait for a new folder to be prepared, and leaves the folder free', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-stop-'));
  const url = `pglite://${join(folder, 'pglite')}`;
  const database = new Database({ ...settings, url }, quiet);
  database.start();
  await until('it is being prepared', () => existsSync(join(folder, 'pglite.part')));
  await database.stop();
  expect(existsSync(join(folder, 'pglite', 'PG_VERSION'))).toBe(false);
  lockDirectory(join(folder, 'pglite')).release();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(DATABASE_KINDS)('transactions on %s', (kind) => {
  test('one that gets no answer ends when it is given up, and its batch waits', async () => {
    const target = await newDatabase(kind);
    const database = await openDatabase(target.url);
    const hanging = database.use(() => new Promise<never>(() => undefined));
    database.giveUp();
    await expect(hanging).rejects.toMatchObject({ code: 'DATABASE_DOWN', retriable: true });
    await database.stop();
    await target.drop();
  }, 60_000);

  test('one that is left by an error leaves nothing behind, and the next query runs', async () => {
    const target = await newDatabase(kind);
    const database = await openDatabase(target.url);
    const broken = database.use((dataSource) =>
      dataSource.transaction(async (manager) => {
        await manager.query(`INSERT INTO bus_position (consumer_group, topic, topic_partition, epoch) VALUES ('g', 't', 0, 1)`);
        throw new Error('no');
      }),
    );
    await expect(broken).rejects.toThrow('no');
    await expect(database.use((dataSource) => dataSource.query('SELECT * FROM nothing'))).rejects.toMatchObject({ code: '42P01' });
    expect(await countOf(database, 'bus_position')).toBe(0);
    await Promise.all(Array.from({ length: 20 }, () => countOf(database, 'log_record')));
    await database.stop();
    await target.drop();
  }, 120_000);
});

const onServer = DATABASE_KINDS.includes('postgres') ? describe : describe.skip;
onServer('a PostgreSQL server', () => {
  test('replicas that start together migrate once', async () => {
    const target = await newDatabase('postgres');
    const all = await Promise.all(Array.from({ length: 4 }, () => openDataSource({ ...settings, url: target.url })));
    const [first] = all;
    const rows = (await first?.query('SELECT name FROM consumer_migration')) as { name: string }[];
    expect(rows).toHaveLength(first?.migrations.length ?? 0);
    expect(new Set(rows.map(({ name }) => name))).toEqual(new Set(first?.migrations.map(({ name }) => name)));
    await Promise.all(all.map((dataSource) => dataSource.destroy()));
    await target.drop();
  }, 60_000);

  test('that goes away makes batches wait, and takes them when it is back', async () => {
    const target = await newDatabase('postgres');
    const cable = new Cable(new URL(target.url));
    await cable.mend();
    const url = new URL(target.url);
    url.port = String(cable.port);
    const database = await openDatabase(url.href);
    const { positions, writer } = replica(database, LOG_TABLE);
    await positions.assign([{ topic: LOGS_TOPIC.name, partition: 0 }]);
    const batch = batchOf({ values: [...logs(5), new TextEncoder().encode('not json')] });
    cable.cut();
    await expect(writer.write(batch)).rejects.toThrow(RetryLater);
    expect(database.state().state).toBe('down');
    await cable.mend();
    await until('the outage is seen to be over', () => database.state().state === 'up');
    await writer.write(batch);
    expect(await countOf(database, 'log_record')).toBe(5);
    expect(batch.deadLetters).toHaveLength(1);
    cable.cut();
    await until('an outage is seen without a batch', () => database.state().state === 'down');
    await database.stop();
    await target.drop();
  }, 60_000);
});
