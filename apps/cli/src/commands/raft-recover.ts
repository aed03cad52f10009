/** `muster raft recover`, and what a store holds: offline, on the data folder of a coordinator that does not run. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { inspectStore, type Recovery, recoverStore, type StoreReport } from '@muster/raft-node';
import type { CliContext } from '../context.js';
import { CliError, EXIT, type ExitCode, messageOf } from '../exit-codes.js';
import { layOutRows, spellBytes } from '../terminal/layout.js';
import { confirm } from './raft-secret.js';

export interface RecoverOptions {
  readonly dataDir: string;
  readonly node: string;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly json: boolean;
}

export async function runRecover(context: CliContext, options: RecoverOptions): Promise<ExitCode> {
  const storePath = storeIn(context, options);
  const { terminal } = context;
  const plan = attempt(() => recoverStore({ storePath, nodeId: options.node, isDryRun: true }));
  if (!options.json) for (const line of describePlan(plan, terminal.colours)) terminal.print(line);
  if (options.dryRun) {
    if (options.json) terminal.print(JSON.stringify(plan, null, 2));
    else terminal.print(terminal.colours.dim('\nThis was a dry run: nothing was changed.'));
    return EXIT.ok;
  }
  await confirm(context, options, `\nMake ${options.node} a group of its own? ${plan.dropsMembers.join(' and ')} can never come back with what they hold.`, 'nothing was changed');
  const done = attempt(() => recoverStore({ storePath, nodeId: options.node, isDryRun: false }));
  if (options.json) {
    terminal.print(JSON.stringify(done, null, 2));
    return EXIT.ok;
  }
  terminal.print(`\nDone: ${options.node} is a group of its own, ${done.newClusterId}. Its store as it was: ${done.backupPath}`);
  terminal.print(`Start it. Then empty the data folders of ${done.dropsMembers.join(' and ')} and start them: they join it.`);
  return EXIT.ok;
}

export function describeStore({ terminal }: CliContext, path: string, json: boolean): ExitCode {
  const report = attempt(() => inspectStore(path));
  if (json) terminal.print(JSON.stringify(report, null, 2));
  else for (const line of [terminal.colours.bold(`Raft store ${path}`), ...factsOf(report, terminal.colours)]) terminal.print(line);
  return report.damage === null ? EXIT.ok : EXIT.failed;
}

/** `<data folder>/<node id>/raft.sqlite`, as coordinators keep it; the folder of the node itself is taken as well. */
function storeIn({ cwd }: CliContext, { dataDir, node }: RecoverOptions): string {
  const folder = resolve(cwd, dataDir);
  const places = [join(folder, node, 'raft.sqlite'), join(folder, 'raft.sqlite')];
  const found = places.find((place) => existsSync(place));
  if (found === undefined) throw new CliError(EXIT.usage, `there is no Raft store of ${node} in ${dataDir} (looked for ${places.join(' and ')}): give the data folder of that coordinator (node.dataDir) and its node id`);
  return found;
}

function describePlan(plan: Recovery, colours: CliContext['terminal']['colours']): string[] {
  const { bold, yellow } = colours;
  return [
    bold(`${plan.keepsVoter} as the only member of a new group`),
    ...factsOf(plan.before, colours),
    fact('drops', plan.dropsMembers.join(', ') || 'nobody', colours),
    fact('new id', `${plan.newClusterId}: members of the old group are refused`, colours),
    ...plan.warnings.map((warning) => fact('!', yellow(warning), colours)),
  ];
}

function factsOf(report: StoreReport, colours: CliContext['terminal']['colours']): string[] {
  const { clusterId, storeId, term, votedFor, commitIndex, firstIndex, lastIndex, lastTerm, entries, entryBytes, snapshot, config, peers, damage } = report;
  return [
    fact('store', `${storeId}, of group ${clusterId ?? 'none'}`, colours),
    fact('term', `${term}, ${votedFor === null ? 'no vote given in it' : `vote given to ${votedFor}`}`, colours),
    fact('log', entries === 0 ? `no entries after ${lastIndex}` : `${entries} entries, ${firstIndex} to ${lastIndex} (last of term ${lastTerm}), ${spellBytes(entryBytes)}; known to be committed: up to ${commitIndex}`, colours),
    fact('snapshot', snapshot === null ? 'none' : `at index ${snapshot.index}, term ${snapshot.term}, ${spellBytes(snapshot.bytes)}`, colours),
    fact('voters', [...config.voters, ...config.outgoing.map((nodeId) => `${nodeId} (leaving)`)].join(', ') || 'none', colours),
    ...(config.learners.length === 0 ? [] : [fact('learners', config.learners.join(', '), colours)]),
    ...layOutRows(peers.map(({ nodeId, httpUrl, raftUrl }) => [nodeId, httpUrl, raftUrl])).map((row, at) => fact(at === 0 ? 'at' : '', row, colours)),
    ...(damage === null ? [] : [fact('damage', colours.red(damage), colours)]),
  ];
}

function fact(name: string, value: string, { dim }: CliContext['terminal']['colours']): string {
  return `  ${dim(name.padEnd(9))}${value}`;
}

/** What the store says when it cannot be used is for the operator. */
function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { name } = (error ?? {}) as { readonly name?: unknown };
    if (name === 'StoreUnusable') throw new CliError(EXIT.failed, `${messageOf(error)}. If its coordinator runs, stop it first`);
    if (name === 'RecoveryRefused' || name === 'StoreDamaged') throw new CliError(EXIT.failed, messageOf(error));
    throw error;
  }
}
