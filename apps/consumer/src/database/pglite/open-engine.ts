/**
 * Opens a PostgreSQL that runs inside this process (PGlite) on a folder of its own.
 *
 * A folder is prepared by a child process: that takes half a gigabyte for seconds, which this process would keep. It is
 * prepared under another name and renamed, so a half-made one is never opened.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import type { PGlite } from '@electric-sql/pglite';
import { AppError } from '@muster/observability';
import { type DirectoryLock, lockDirectory } from './directory-lock.js';

export interface Engine {
  readonly pglite: PGlite;
  close(): Promise<void>;
}

/** Memory for what one process needs: with PostgreSQL's own defaults the process takes 450 MB at once, with these 250 MB. */
const SMALL_MEMORY = ['shared_buffers=4MB', 'wal_buffers=256kB', 'max_connections=4', 'work_mem=2MB', 'maintenance_work_mem=8MB', 'max_wal_size=64MB'];
/** Only the baseline compiler for WebAssembly: code optimised in the background costs another 75 MB and saves little here. */
const V8_FLAGS = ['--liftoff-only', '--no-wasm-tier-up', '--no-wasm-dynamic-tiering'];
const PREPARE_MS_MAX = 120_000;

/** `signal` ends the preparation of a new folder, which takes the longest. */
export async function openEngine(folder: string, signal?: AbortSignal): Promise<Engine> {
  const lock = lockDirectory(folder);
  try {
    if (!existsSync(join(folder, 'PG_VERSION'))) await prepare(folder, signal);
    for (const flag of V8_FLAGS) setFlagsFromString(flag);
    const { PGlite: Engine } = await import('@electric-sql/pglite');
    signal?.throwIfAborted();
    const pglite = await Engine.create({ dataDir: folder, startParams: [...Engine.defaultStartParams, ...SMALL_MEMORY.flatMap((setting) => ['-c', setting])] });
    return { pglite, close: () => closeBoth(pglite, lock) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function closeBoth(pglite: PGlite, lock: DirectoryLock): Promise<void> {
  try {
    await pglite.close();
  } finally {
    lock.release();
  }
}

async function prepare(folder: string, signal?: AbortSignal): Promise<void> {
  const part = `${folder}.part`;
  await rm(part, { recursive: true, force: true });
  const module = pathToFileURL(createRequire(import.meta.url).resolve('@electric-sql/pglite')).href.replace(/\.cjs$/, '.js');
  const script = 'const [module, folder] = process.argv.slice(1); const { PGlite } = await import(module); await (await PGlite.create(folder)).close();';
  try {
    await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script, module, part], { timeout: PREPARE_MS_MAX, killSignal: 'SIGKILL', ...(signal === undefined ? {} : { signal }) });
  } catch (cause) {
    throw new AppError('DATABASE_UNPREPARED', `the embedded database in ${folder} could not be prepared: check that the folder can be written to and has 50 MB of space`, { statusCode: 503, cause });
  }
  await rename(part, folder);
}
