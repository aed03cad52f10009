/**
 * Databases for tests: embedded ones always, a real server where DATABASE_URL names one; each test file gets its own.
 *
 * A prepared embedded folder is kept in the temp folder of the machine and copied: preparing takes seconds of CPU.
 */
import { randomUUID } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { openEngine } from '../src/database/pglite/open-engine.js';

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

export const DATABASE_KINDS: readonly ('pglite' | 'postgres')[] = process.env['DATABASE_URL'] === undefined ? ['pglite'] : ['pglite', 'postgres'];

const PREPARED = join(tmpdir(), 'muster-test-pglite-0.5.16');

export function newDatabase(kind: 'pglite' | 'postgres'): Promise<TestDatabase> {
  return kind === 'pglite' ? newEmbedded() : newOnServer(process.env['DATABASE_URL'] ?? '');
}

export async function newEmbedded(): Promise<TestDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-consumer-'));
  if (!existsSync(PREPARED)) {
    const fresh = join(folder, 'fresh');
    await (await openEngine(fresh)).close();
    // Two test files may prepare at once: the second finds the name taken.
    try {
      renameSync(fresh, PREPARED);
    } catch (error) {
      if (!existsSync(PREPARED)) throw error;
    }
  }
  cpSync(PREPARED, join(folder, 'pglite'), { recursive: true });
  return { url: `pglite://${join(folder, 'pglite')}`, drop: async () => rmSync(folder, { recursive: true, force: true }) };
}

async function newOnServer(serverUrl: string): Promise<TestDatabase> {
  const name = `muster_test_${randomUUID().replaceAll('-', '')}`;
  await onServer(serverUrl, `CREATE DATABASE ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => onServer(serverUrl, `DROP DATABASE ${name} WITH (FORCE)`) };
}

async function onServer(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
