/**
 * `cluster.json` in the data folder: what `muster up` runs, for the other commands and for scripts. Written whole and
 * renamed into place, so a reader never sees half of it. It is a claim, not the truth: whoever reads it checks that
 * the processes are still the same ones.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export interface ProcessRow {
  readonly name: string;
  readonly role: string;
  /** Its name as a member; null for what is not one. */
  readonly nodeId: string | null;
  readonly pid: number | null;
  readonly httpUrl: string | null;
  readonly state: 'starting' | 'running' | 'killed' | 'exited';
  /** Tells this process from a later one with the same pid. */
  readonly startToken: string | null;
}

export interface ClusterState {
  readonly version: 1;
  /** The `muster up` that owns the cluster. */
  readonly up: { readonly pid: number; readonly startToken: string; readonly startedAtUnixMs: number };
  readonly controlSocket: string;
  /** Gateway, then coordinators: where reading commands ask. */
  readonly urls: readonly string[];
  readonly processes: readonly ProcessRow[];
}

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
  try {
    const state: unknown = JSON.parse(readFileSync(stateFileOf(home), 'utf8'));
    return isState(state) ? state : null;
  } catch {
    return null;
  }
}

/** By hand and not by a schema library: this file is ours, and loading one would double what `muster ps` costs. */
function isState(value: unknown): value is ClusterState {
  if (typeof value !== 'object' || value === null) return false;
  const { version, up, controlSocket, urls, processes } = value as Partial<ClusterState>;
  return version === 1 && Number.isInteger(up?.pid) && typeof up?.startToken === 'string' && typeof controlSocket === 'string' && isListOf(urls, (url) => typeof url === 'string') && isListOf(processes, isRow);
}

const isListOf = <T>(value: readonly T[] | undefined, test: (item: T) => boolean): boolean => Array.isArray(value) && value.every(test);
const isRow = (row: Partial<ProcessRow> | null): boolean => typeof row?.name === 'string' && (row.pid === null || Number.isInteger(row.pid)) && (row.startToken === null || typeof row.startToken === 'string');

export function writeState(home: string, state: ClusterState): void {
  mkdirSync(home, { recursive: true });
  const file = stateFileOf(home);
  writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

export function removeState(home: string): void {
  rmSync(stateFileOf(home), { force: true });
}
