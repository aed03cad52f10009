/**
 * Finds the files that belong to a followed path: the one being read when it was renamed, and those that came after it.
 *
 * Looks in the same folder only, at names such as `app.log.1` or `app.log-20260102`. Compressed files are not read.
 */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorCode } from './error-code.js';

export interface FileFacts {
  readonly path: string;
  readonly device: string;
  readonly inode: string;
  readonly modifiedUnixNs: bigint;
}

/** Names looked at in one folder. A folder with more is searched in part only. */
const NAMES_MAX = 10_000;
const ROTATED = /^[.-]\d[\dTZ_:.-]*$/;

export async function factsOf(path: string): Promise<FileFacts | null> {
  try {
    const facts = await stat(path, { bigint: true });
    return facts.isFile() ? { path, device: String(facts.dev), inode: String(facts.ino), modifiedUnixNs: facts.mtimeNs } : null;
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return null;
    throw error;
  }
}

export const isSameFile = (a: Pick<FileFacts, 'device' | 'inode'>, b: Pick<FileFacts, 'device' | 'inode'>): boolean => a.device === b.device && a.inode === b.inode;

/** The file under any of the path's names, wherever it was renamed to. */
export async function findFile(path: string, wanted: Pick<FileFacts, 'device' | 'inode'>): Promise<FileFacts | null> {
  return (await family(path)).find((facts) => isSameFile(facts, wanted)) ?? null;
}

/** The file to read after `done`: the oldest of those written later, which is the path itself at the latest. */
export async function fileAfter(path: string, done: Pick<FileFacts, 'device' | 'inode' | 'modifiedUnixNs'>): Promise<FileFacts | null> {
  const later = (await family(path)).filter((facts) => !isSameFile(facts, done) && (facts.path === path || facts.modifiedUnixNs > done.modifiedUnixNs));
  const rotated = later.filter((facts) => facts.path !== path).toSorted((a, b) => (a.modifiedUnixNs < b.modifiedUnixNs ? -1 : 1));
  return rotated[0] ?? later[0] ?? null;
}

async function family(path: string): Promise<FileFacts[]> {
  const folder = dirname(path);
  const base = basename(path);
  const names = (await readdir(folder)).slice(0, NAMES_MAX).filter((name) => name === base || (name.startsWith(base) && ROTATED.test(name.slice(base.length))));
  const facts = await Promise.all(names.map((name) => factsOf(join(folder, name))));
  return facts.filter((each) => each !== null);
}
