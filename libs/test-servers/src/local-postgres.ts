/**
 * PostgreSQL as a local process: the newest server programs that are installed, a new cluster in a temporary folder, a free port.
 *
 * The server refuses to run as root, so root hands it to the user `postgres` (or `nobody`). Data is for one run: nothing is synced.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { freePort } from '@muster/testing';
import { becomesTrue } from './deadline.js';
import type { PlaceAnswer, SearchOptions } from './found-server.js';
import { OwnedProcess, type ProcessOptions, programIn } from './owned-process.js';
import { whyNotServing } from './serving.js';

const DEBIAN_FOLDER = '/usr/lib/postgresql';
const INITDB_WITHIN_MS = 60_000;
const START_WITHIN_MS = 60_000;
const SETTINGS = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'unix_socket_directories=', 'shared_buffers=32MB', 'max_connections=100'];

export async function startLocalPostgres(options: SearchOptions): Promise<PlaceAnswer> {
  const initdb = programIn('initdb', options.env, debianFolders());
  if (initdb === null) return { reason: `no initdb under ${DEBIAN_FOLDER}/*/bin nor on the PATH (Debian: apt-get install postgresql)` };
  const user = process.getuid?.() === 0 ? unprivilegedUser() : undefined;
  if (user === null) return { reason: 'running as root, and there is neither a user postgres nor nobody to run the server as' };
  const folder = await mkdtemp(join(tmpdir(), 'muster-postgres-'));
  if (user !== undefined) await chown(folder, user.uid, user.gid);
  const answer = await startIn(folder, dirname(initdb), { cwd: folder, env: options.env, user });
  if ('reason' in answer) await rm(folder, { recursive: true, force: true });
  return answer;
}

async function startIn(folder: string, programs: string, options: ProcessOptions): Promise<PlaceAnswer> {
  const data = join(folder, 'data');
  const locale = process.platform === 'linux' ? 'C.UTF-8' : 'C';
  const initdb = new OwnedProcess(join(programs, 'initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-N', '-E', 'UTF8', `--locale=${locale}`], options);
  if (!(await initdb.succeeds(INITDB_WITHIN_MS))) return { reason: `${programs}/initdb failed: ${initdb.report()}` };
  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const server = new OwnedProcess(join(programs, 'postgres'), ['-D', data, '-h', '127.0.0.1', '-p', String(port), ...SETTINGS.flatMap((setting) => ['-c', setting])], options);
  const stop = async () => {
    // SIGINT is PostgreSQL's fast shutdown: it ends sessions instead of waiting for them.
    await server.end('SIGINT', 5_000);
    await rm(folder, { recursive: true, force: true });
  };
  const isUp = await becomesTrue(async () => (await whyNotServing('postgres', url, 1_000)) === null, START_WITHIN_MS, () => server.hasEnded);
  if (isUp) return { url, detail: `PostgreSQL of ${programs}, pid ${server.pid}`, stop };
  const reason = `${programs}/postgres did not serve within ${START_WITHIN_MS} ms: ${server.report()}`;
  await server.end('SIGKILL', 0);
  return { reason };
}

/** Debian keeps server programs off the PATH, one folder per major version; newest first. */
function debianFolders(): string[] {
  if (!existsSync(DEBIAN_FOLDER)) return [];
  return readdirSync(DEBIAN_FOLDER)
    .sort((one, other) => Number(other) - Number(one))
    .map((version) => join(DEBIAN_FOLDER, version, 'bin'));
}

function unprivilegedUser(): { uid: number; gid: number } | null {
  const users = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8').split('\n') : [];
  for (const name of ['postgres', 'nobody']) {
    const fields = users.find((line) => line.startsWith(`${name}:`))?.split(':');
    if (fields !== undefined) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  return null;
}
