/**
 * `cluster.json` in the data folder: what `muster up` runs, for the other commands and for scripts. Written whole and
 * renamed into place, so a reader never sees half of it. It is a claim, not the truth: whoever reads it checks that
 * the processes are still the same ones.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod/mini';

const identity = { pid: z.int().check(z.gte(1)), startToken: z.string() };

const stateSchema = z.object({
  version: z.literal(1),
  /** The `muster up` that owns the cluster. */
  up: z.object({ ...identity, startedAtUnixMs: z.int() }),
  controlSocket: z.string(),
  /** Gateway, then coordinators: where reading commands ask. */
  urls: z.array(z.string()),
  processes: z.array(
    z.object({
      name: z.string(),
      role: z.string(),
      nodeId: z.nullable(z.string()),
      pid: z.nullable(z.int()),
      httpUrl: z.nullable(z.string()),
      state: z.enum(['starting', 'running', 'killed', 'exited']),
      startToken: z.nullable(z.string()),
    }),
  ),
});
export type ClusterState = z.infer<typeof stateSchema>;
export type ProcessRow = ClusterState['processes'][number];

export const DEFAULT_HOME = '.muster';
const FILE_NAME = 'cluster.json';

export const stateFileOf = (home: string): string => join(home, FILE_NAME);

/** The data folder meant by `--data`, or the nearest `.muster` with a cluster in it, going up from `cwd`. */
export function findHome(cwd: string, data: string | undefined): string {
  if (data !== undefined) return resolve(cwd, data);
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (existsSync(stateFileOf(join(folder, DEFAULT_HOME)))) return join(folder, DEFAULT_HOME);
    if (folder === dirname(folder)) return join(cwd, DEFAULT_HOME);
  }
}

/** Null when there is none, or none that this version can read. */
export function readState(home: string): ClusterState | null {
  let text: string;
  try {
    text = readFileSync(stateFileOf(home), 'utf8');
  } catch {
    return null;
  }
  try {
    const parsed = stateSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

export function writeState(home: string, state: ClusterState): void {
  mkdirSync(home, { recursive: true });
  const file = stateFileOf(home);
  writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

export function removeState(home: string): void {
  rmSync(stateFileOf(home), { force: true });
}
