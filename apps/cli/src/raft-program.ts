/** The commands of `muster raft`; like `program.ts`, each is loaded when it is the one that was asked for. */
import { type Command, Option } from 'commander';
import type { CliContext } from './context.js';
import type { ExitCode } from './exit-codes.js';

interface RaftFlags {
  readonly url?: string[];
  readonly data?: string;
  readonly json?: boolean;
  readonly secretFile?: string;
  readonly yes?: boolean;
}

const SECRET_HELP = `
Changes need the secret of the cluster: --secret-file, else MUSTER_CLUSTER_SECRET, else that of the local cluster.`;

const optionsOf = ({ url = [], data, json, secretFile, yes }: RaftFlags) => ({ url, data, json: json === true, secretFile, yes: yes === true });

export function declareRaft(program: Command, context: CliContext, done: (code: ExitCode) => void): void {
  const raft = program.command('raft').description('the group of coordinators: who leads, who belongs, snapshots, recovery').addHelpText('after', SECRET_HELP);
  const load = () => import('./commands/raft.js');
  asking(raft.command('status').description('who leads, and how every coordinator is')).action(async (flags: RaftFlags) => done(await (await load()).runRaftStatus(context, optionsOf(flags))));
  changing(raft.command('transfer [node]').description('hand leadership over, by default to the voter that is furthest').option('--to <node>', 'the same as naming it')).action(async (node: string | undefined, flags: RaftFlags & { to?: string }) =>
    done(await (await load()).runTransfer(context, { ...optionsOf(flags), to: flags.to ?? node })),
  );
  declarePeers(raft.command('peers').description('the members of the group'), context, done);
  declareSnapshots(raft.command('snapshot').description('the agreed state as a file'), context, done);
  raft
    .command('recover')
    .description('after most coordinators are lost for good: make one of them a group of its own, offline')
    .requiredOption('--data-dir <folder>', 'data folder of the coordinator (node.dataDir); it must not run')
    .requiredOption('--node-id <node>', 'its node id')
    .option('--dry-run', 'say what would be done, and change nothing')
    .option('--yes', 'do not ask first')
    .addOption(jsonOption())
    .action(async (flags: { readonly dataDir: string; readonly nodeId: string; readonly dryRun?: boolean; readonly yes?: boolean; readonly json?: boolean }) => {
      const { runRecover } = await import('./commands/raft-recover.js');
      done(await runRecover(context, { dataDir: flags.dataDir, node: flags.nodeId, dryRun: flags.dryRun === true, yes: flags.yes === true, json: flags.json === true }));
    });
}

function declarePeers(peers: Command, context: CliContext, done: (code: ExitCode) => void): void {
  const load = () => import('./commands/raft.js');
  asking(peers.command('list').description('members with their addresses and stores')).action(async (flags: RaftFlags) => done(await (await load()).runPeersList(context, optionsOf(flags))));
  changing(peers.command('add <address>').description('take in the coordinator that answers there, such as http://HOST:8081')).action(async (newcomer: string, flags: RaftFlags) => done(await (await load()).runPeersAdd(context, { ...optionsOf(flags), newcomer })));
  asked(peers.command('remove <node>').description('remove a coordinator for good')).action(async (node: string, flags: RaftFlags) => done(await (await load()).runPeersRemove(context, { ...optionsOf(flags), node })));
  asked(peers.command('replace <node> <address>').description('put the coordinator that answers there in the place of another, in one step')).action(async (node: string, newcomer: string, flags: RaftFlags) =>
    done(await (await load()).runPeersReplace(context, { ...optionsOf(flags), node, newcomer })),
  );
}

function declareSnapshots(snapshot: Command, context: CliContext, done: (code: ExitCode) => void): void {
  const load = () => import('./commands/raft-snapshot.js');
  asking(snapshot.command('save <file>').description('write the agreed state to a file; - for standard output').option('--stale', 'also from a coordinator that is cut off: what it knew last')).action(async (file: string, flags: RaftFlags & { stale?: boolean }) =>
    done(await (await load()).runSnapshotSave(context, { ...optionsOf(flags), file, stale: flags.stale === true })),
  );
  changing(snapshot.command('restore <file>').description('put a saved state in place of what is agreed').option('--confirm <cluster>', 'name of the cluster, instead of being asked for it')).action(async (file: string, flags: RaftFlags & { confirm?: string }) =>
    done(await (await load()).runSnapshotRestore(context, { ...optionsOf(flags), file, confirm: flags.confirm })),
  );
  snapshot
    .command('inspect <file>')
    .description('what a saved state, or the raft.sqlite of a coordinator that does not run, holds')
    .addOption(jsonOption())
    .action(async (file: string, flags: { readonly json?: boolean }) => done(await (await load()).runSnapshotInspect(context, { file, json: flags.json === true })));
}

const jsonOption = (): Option => new Option('--json', 'for programs');
const asking = (command: Command): Command =>
  command
    .addOption(new Option('--url <url...>', 'coordinators or gateways to ask (default: those of the local cluster)'))
    .addOption(new Option('--data <folder>', 'folder of the cluster (default: the nearest .muster)'))
    .addOption(jsonOption());
const changing = (command: Command): Command => asking(command).option('--secret-file <file>', 'file with the secret of the cluster');
const asked = (command: Command): Command => changing(command).option('--yes', 'do not ask first');
