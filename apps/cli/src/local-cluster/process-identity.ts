/**
 * Tells whether a process id still means the process it meant when it was written down: ids are used again, and
 * killing by a stale one would hit a stranger.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Field 22 of /proc/PID/stat, counted after the command name, which may contain blanks. */
const STARTED_AT_FIELD = 19;
const STATE_FIELD = 0;

/** When the process started, as an opaque word; null when there is no such process (a zombie counts as gone). */
export function startTokenOf(pid: number): string | null {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return null;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[STATE_FIELD] === 'Z' ? null : (fields[STARTED_AT_FIELD] ?? null);
  } catch {
    return startTokenFromPs(pid);
  }
}

/** For systems without /proc. */
function startTokenFromPs(pid: number): string | null {
  try {
    const token = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return token === '' ? null : token;
  } catch {
    return null;
  }
}

export interface ProcessIdentity {
  readonly pid: number;
  readonly startToken: string;
}

export const isSameProcess = (identity: ProcessIdentity): boolean => startTokenOf(identity.pid) === identity.startToken;

/** SIGKILL to exactly this process; false when it is gone already. */
export function killExactly(identity: ProcessIdentity): boolean {
  if (!isSameProcess(identity)) return false;
  try {
    return process.kill(identity.pid, 'SIGKILL');
  } catch {
    return false;
  }
}
