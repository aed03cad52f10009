/**
 * Makes one process the owner of a folder, and lets go when that process dies, however it dies.
 *
 * Held through an SQLite transaction on a file beside the folder, because its lock belongs to the operating system:
 * a lock file with a process id in it would outlive a kill.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '@muster/observability';

export interface DirectoryLock {
  release(): void;
}

export function lockDirectory(folder: string): DirectoryLock {
  mkdirSync(dirname(folder), { recursive: true });
  const ownerFile = `${folder}.owner`;
  const lock = new DatabaseSync(`${folder}.lock`);
  try {
    lock.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.close();
    throw new AppError('DATABASE_TAKEN', `${folder} is in use by ${ownerOf(ownerFile)}: an embedded database has one owner. Stop that process, give this one a node.dataDir of its own, or use a PostgreSQL server (database.url)`, { statusCode: 503, cause });
  }
  writeFileSync(ownerFile, `process ${process.pid}`);
  return { release: () => lock.close() };
}

function ownerOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return 'another process';
  }
}
