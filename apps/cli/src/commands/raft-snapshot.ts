/** `muster raft snapshot`: the agreed state as a file, back from it, and what such a file, or the store of a coordinator, holds. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, renameSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { RaftRestoreAnswer, SavedState } from '@muster/contracts';
import { askFirst } from '../cluster-client/cluster-client.js';
import { getJson } from '../cluster-client/http-json.js';
import type { CliContext } from '../context.js';
import { CliError, EXIT, type ExitCode, messageOf } from '../exit-codes.js';
import { type ClusterOptions, urlsFor } from './cluster-urls.js';
import { type RaftOptions, send } from './raft.js';

const FORMAT: SavedState['format'] = 'muster-snapshot';
/** A state may have hundreds of megabytes, and all coordinators have to take it. Milliseconds. */
const ANSWER_MS_MAX = 180_000;
/** Above what a coordinator takes back (coordinator.stateBytesMax). Bytes. */
const STATE_BYTES_MAX = 512 * 1024 * 1024;
const SQLITE_MAGIC = 'SQLite format 3\0';

export async function runSnapshotSave(context: CliContext, options: ClusterOptions & { readonly file: string; readonly stale: boolean }): Promise<ExitCode> {
  const path = `/raft/snapshot${options.stale ? '?consistency=stale' : ''}`;
  const saved = await askFirst(urlsFor(context, options).toReversed(), (url) => getJson(`${url}${path}`, ANSWER_MS_MAX, STATE_BYTES_MAX));
  if (!looksSaved(saved)) throw new CliError(EXIT.failed, `the answer is no snapshot: ${JSON.stringify(saved).slice(0, 200)}`);
  const { file } = options;
  if (file === '-') {
    context.terminal.print(JSON.stringify(saved));
    return EXIT.ok;
  }
  const target = resolve(context.cwd, file);
  try {
    // Whole or not at all: a half-written one may be all that is left one day.
    writeFileSync(`${target}.new`, `${JSON.stringify(saved)}\n`, { mode: 0o600 });
    renameSync(`${target}.new`, target);
  } catch (error) {
    throw new CliError(EXIT.failed, `${file} cannot be written: ${messageOf(error)}`);
  }
  context.terminal.print(options.json ? JSON.stringify({ file: target, ...factsOf(saved) }, null, 2) : `${file} has the state of '${saved.cluster}' at index ${saved.index}: ${saved.state.members.length} members, as ${saved.savedBy} knew them.`);
  return EXIT.ok;
}

export async function runSnapshotRestore(context: CliContext, options: RaftOptions & { readonly file: string; readonly confirm: string | undefined }): Promise<ExitCode> {
  const snapshot = readSaved(resolve(context.cwd, options.file), options.file);
  const answer = (await send(context, options, 'POST', '/raft/restore', { confirm: await confirmation(context, options.confirm, snapshot), snapshot }, ANSWER_MS_MAX)) as RaftRestoreAnswer;
  if (options.json) context.terminal.print(JSON.stringify(answer, null, 2));
  else context.terminal.print(`Restored at index ${answer.index}: ${answer.members} members as they were at ${when(snapshot)}. Those that run and were not among them join again by themselves.`);
  return EXIT.ok;
}

/** The name of the cluster, typed by somebody who means it. */
async function confirmation({ ask }: CliContext, given: string | undefined, snapshot: SavedState): Promise<string> {
  if (given !== undefined) return given;
  if (ask === null) throw new CliError(EXIT.usage, `restoring replaces what all coordinators agree on, and nobody can be asked here: say --confirm and the name of the cluster to mean it`);
  return (await ask(`This puts the state of '${snapshot.cluster}' at ${when(snapshot)} (${snapshot.state.members.length} members) in place of what is agreed now. Type the name of the cluster to mean it: `)).trim();
}

export async function runSnapshotInspect(context: CliContext, options: { readonly file: string; readonly json: boolean }): Promise<ExitCode> {
  const path = resolve(context.cwd, options.file);
  if (isStore(path, options.file)) {
    const { describeStore } = await import('./raft-recover.js');
    return describeStore(context, path, options.json);
  }
  const saved = readSaved(path, options.file);
  const facts = factsOf(saved);
  if (options.json) {
    context.terminal.print(JSON.stringify(facts, null, 2));
    return EXIT.ok;
  }
  const { bold, dim } = context.terminal.colours;
  context.terminal.print(bold(`Saved state of ${saved.cluster}`));
  const lines: readonly (readonly [string, string])[] = [
    ['saved', `${when(saved)} by ${saved.savedBy}`],
    ['log', `index ${saved.index}, term ${saved.term}`],
    ['group', saved.clusterId ?? 'none yet'],
    ['members', Object.entries(facts.statuses).map(([status, count]) => `${count} ${status}`).join(', ') || 'none'],
    ['digest', `${saved.digest.slice(0, 16)}…, as it was saved`],
  ];
  for (const [name, value] of lines) context.terminal.print(`  ${dim(name.padEnd(9))}${value}`);
  return EXIT.ok;
}

function factsOf({ cluster, clusterId, index, term, savedAtUnixMs, savedBy, state }: SavedState) {
  const statuses: Record<string, number> = {};
  for (const { record } of state.members as { readonly record?: { readonly status?: string } }[]) {
    const status = record?.status ?? 'UNKNOWN';
    statuses[status] = (statuses[status] ?? 0) + 1;
  }
  return { cluster, clusterId, index, term, savedAt: new Date(savedAtUnixMs).toISOString(), savedBy, members: state.members.length, statuses };
}

const when = ({ savedAtUnixMs }: SavedState): string => new Date(savedAtUnixMs).toISOString().replace('T', ' ').slice(0, 19).concat(' UTC');

function isStore(path: string, name: string): boolean {
  const head = Buffer.alloc(SQLITE_MAGIC.length);
  try {
    const file = openSync(path, 'r');
    readSync(file, head, 0, head.length, 0);
    closeSync(file);
  } catch (error) {
    throw new CliError(EXIT.usage, `${name} cannot be read: ${messageOf(error)}`);
  }
  return head.toString('latin1') === SQLITE_MAGIC;
}

function readSaved(path: string, name: string): SavedState {
  let saved: unknown;
  try {
    saved = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new CliError(EXIT.usage, `${name} is no snapshot: ${messageOf(error)}`);
  }
  if (!looksSaved(saved)) throw new CliError(EXIT.usage, `${name} is no snapshot: it is not what \`muster raft snapshot save\` writes`);
  if (createHash('sha256').update(JSON.stringify(saved.state)).digest('hex') !== saved.digest) throw new CliError(EXIT.failed, `${name} is damaged: its state is not the one that was saved at index ${saved.index}. Take another copy`);
  return saved;
}

function looksSaved(body: unknown): body is SavedState {
  if (typeof body !== 'object' || body === null) return false;
  const { format, state, digest } = body as Partial<SavedState>;
  return format === FORMAT && typeof digest === 'string' && typeof state === 'object' && Array.isArray(state.members);
}
