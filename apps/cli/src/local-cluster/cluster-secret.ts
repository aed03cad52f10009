/**
 * What the coordinators of a local cluster know and nobody else: made with the cluster, kept in its folder for its owner alone, needed by
 * `muster raft` to change the group.
 */
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE_NAME = 'secret';
const SECRET_BYTES = 32;
/** What coordinators accept. Characters. */
const LENGTH_MIN = 16;

export const secretFileOf = (home: string): string => join(home, FILE_NAME);

/** Null when there is none that could be one. */
export function readSecret(home: string): string | null {
  try {
    const secret = readFileSync(secretFileOf(home), 'utf8').trim();
    return secret.length < LENGTH_MIN ? null : secret;
  } catch {
    return null;
  }
}

/** The secret of the cluster in this folder; makes it when there is none. Throws what the file system says. */
export function secretOf(home: string): string {
  const known = readSecret(home);
  if (known !== null) return known;
  mkdirSync(home, { recursive: true });
  const file = secretFileOf(home);
  const made = `${file}.${process.pid}`;
  rmSync(file, { force: true });
  writeFileSync(made, `${randomBytes(SECRET_BYTES).toString('hex')}\n`, { mode: 0o600 });
  try {
    // Whole or not at all, and never over one that somebody else has just made.
    linkSync(made, file);
  } catch (error) {
    if (readSecret(home) === null) throw error;
  } finally {
    rmSync(made, { force: true });
  }
  return readSecret(home) ?? '';
}
