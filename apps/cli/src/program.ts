/** Arguments to commands to exit codes. Imports no command: what a command needs is loaded when it runs. */
import type { OperatorOrder } from '@muster/contracts';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { CliContext } from './context.js';
import { CliError, EXIT, type ExitCode } from './exit-codes.js';
import { COORDINATOR_COUNT, COORDINATOR_COUNTS, NODE_COUNT_MAX, PORT_OFFSET_MAX, PRODUCER_COUNT_MAX } from './local-cluster/cluster-plan.js';
import { declareRaft } from './raft-program.js';

const EXIT_CODES_HELP = `
Exit codes:
  0  done
  1  it was tried and did not work
  2  the command line makes no sense
  3  there is no cluster, or nothing answers
  4  the cluster is not well: no quorum, nobody HEALTHY, or a member DEGRADED, SUSPECT or DOWN (status);
     nobody leads, or a coordinator is away or behind (raft status)
  5  a local cluster runs here already (up)
  130  stopped at once by a second Ctrl-C (up)

Colour follows NO_COLOR and FORCE_COLOR.`;

interface LocalFlags {
  readonly data?: string;
  readonly json?: boolean;
}
interface ReadFlags extends LocalFlags {
  readonly url?: string[];
}
interface OrderFlags extends ReadFlags {
  readonly reason?: string;
  readonly yes?: boolean;
}
interface UpFlags {
  readonly coordinators: number;
  readonly nodes: number;
  readonly producers: number;
  readonly portOffset: number;
  readonly rate?: number;
  readonly data?: string;
  readonly fresh?: boolean;
}

/** The program as a function of its arguments; never exits the process. */
export function createProgram(context: CliContext): (args: readonly string[]) => Promise<ExitCode> {
  return async (args) => {
    let code: ExitCode = EXIT.ok;
    const program = declare(context, (result) => (code = result));
    try {
      await program.parseAsync([...args], { from: 'user' });
      return code;
    } catch (error) {
      if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
      if (!(error instanceof CliError)) throw error;
      context.terminal.complain(`muster: ${error.message}`);
      return error.exitCode;
    }
  };
}

function declare(context: CliContext, done: (code: ExitCode) => void): Command {
  const program = new Command('muster')
    .description('Who is here, how well is each of them, and where should the next request go?')
    .version('0.1.0')
    .exitOverride()
    .configureOutput({ writeOut: (text) => context.terminal.print(text.trimEnd()), writeErr: (text) => context.terminal.complain(text.trimEnd()) })
    .addHelpText('after', EXIT_CODES_HELP)
    .showSuggestionAfterError()
    .showHelpAfterError('(`npx muster --help` shows all commands)');
  declareUp(program, context, done);
  declareLocal(program, context, done);
  declareReading(program, context, done);
  declareOrders(program, context, done);
  declareRaft(program, context, done);
  declareRoles(program, context, done);
  return program;
}

const dataOption = (): Option => new Option('--data <folder>', 'folder of the cluster (default: the nearest .muster)');
const jsonOption = (): Option => new Option('--json', 'for programs');

function declareUp(program: Command, context: CliContext, done: (code: ExitCode) => void): void {
  program
    .command('up')
    .description('start a cluster on this machine and show what happens to it')
    .option('--coordinators <count>', `those who decide together: ${COORDINATOR_COUNTS.join(', ')}`, coordinatorCount, COORDINATOR_COUNT)
    .option('--nodes <count>', 'bare members beside the services', count(0, NODE_COUNT_MAX), 0)
    .option('--producers <count>', 'producers', count(0, PRODUCER_COUNT_MAX), 2)
    .option('--rate <number>', 'log records per second that each producer makes up', count(0, 100_000))
    .option('--port-offset <number>', 'added to every port', count(0, PORT_OFFSET_MAX), 0)
    .option('--data <folder>', 'folder of the cluster', '.muster')
    .option('--fresh', 'begin without what earlier runs left')
    .action(async (flags: UpFlags) => {
      const { runUp } = await import('./commands/up.js');
      done(await runUp(context, { ...flags, rate: flags.rate ?? null, data: flags.data, fresh: flags.fresh === true }));
    });
}

function declareLocal(program: Command, context: CliContext, done: (code: ExitCode) => void): void {
  const load = () => import('./commands/local.js');
  const local = (flags: LocalFlags) => ({ data: flags.data, json: flags.json === true });
  const command = (name: string, description: string): Command => program.command(name).description(description).addOption(dataOption()).addOption(jsonOption());
  command('ps', 'processes of the local cluster').action(async (flags: LocalFlags) => done(await (await load()).runPs(context, local(flags))));
  command('kill <name>', 'kill -9 a process of the local cluster').action(async (name: string, flags: LocalFlags) => done(await (await load()).runKill(context, { ...local(flags), name })));
  command('stop <name>', 'stop a process of the local cluster, as an upgrade would').action(async (name: string, flags: LocalFlags) => done(await (await load()).runStop(context, { ...local(flags), name })));
  command('start <name>', 'start a process of the local cluster again').action(async (name: string, flags: LocalFlags) => done(await (await load()).runStart(context, { ...local(flags), name })));
  command('down', 'stop the local cluster').action(async (flags: LocalFlags) => done(await (await load()).runDown(context, local(flags))));
}

const urlOption = (): Option => new Option('--url <url...>', 'gateways or coordinators to ask (default: those of the local cluster)');
const reading = (flags: ReadFlags) => ({ url: flags.url ?? [], data: flags.data, json: flags.json === true });

function declareReading(program: Command, context: CliContext, done: (code: ExitCode) => void): void {
  const load = () => import('./commands/read.js');
  const command = (name: string, description: string): Command => program.command(name).description(description).addOption(urlOption()).addOption(dataOption()).addOption(jsonOption());
  command('status', 'is the cluster well').action(async (flags: ReadFlags) => done(await (await load()).runStatus(context, reading(flags))));
  command('members', 'every member, with its status and health score').action(async (flags: ReadFlags) => done(await (await load()).runMembers(context, reading(flags))));
  command('watch', 'one line per change of membership, until Ctrl-C').action(async (flags: ReadFlags) => done(await (await load()).runWatch(context, reading(flags))));
  command('why <node>', 'why a member is what it is: evidence, probes, and what would change it').action(async (node: string, flags: ReadFlags) => {
    const { runWhy } = await import('./commands/why.js');
    done(await runWhy(context, { ...reading(flags), node }));
  });
}

function declareOrders(program: Command, context: CliContext, done: (code: ExitCode) => void): void {
  const command = (order: OperatorOrder, description: string): Command =>
    program
      .command(`${order} <node>`)
      .description(description)
      .option('--reason <text>', 'kept with the change and shown to whoever asks why', text(256), '')
      .option('--yes', 'do not ask first (only evict asks)')
      .addOption(urlOption())
      .addOption(dataOption())
      .addOption(jsonOption())
      .action(async (node: string, flags: OrderFlags) => {
        const { runOrder } = await import('./commands/order.js');
        done(await runOrder(context, { ...reading(flags), order, node, reason: flags.reason ?? '', yes: flags.yes === true }));
      });
  command('drain', 'give a member no new work and let it finish what it has');
  command('cordon', 'give a node no new work, over restarts too');
  command('uncordon', 'take back cordon and drain');
  command('evict', 'declare a member DOWN; only a new boot of it joins again');
}

function declareRoles(program: Command, context: CliContext, done: (code: ExitCode) => void): void {
  program
    .command('bus', { hidden: true })
    .description('the embedded bus; `up` starts it')
    .requiredOption('--socket <path>', 'socket to listen on')
    .requiredOption('--file <path>', 'file that keeps the records')
    .action(async (flags: { readonly socket: string; readonly file: string }) => {
      const { runBus } = await import('./commands/bus.js');
      done(await runBus(context, flags));
    });
  program
    .command('node', { hidden: true })
    .description('a bare member; settings come from the environment')
    .action(async () => {
      const { runNode } = await import('./commands/node.js');
      done(await runNode(context));
    });
}

function text(charsMax: number): (given: string) => string {
  return (given) => {
    if (given.length <= charsMax) return given;
    throw new InvalidArgumentError(`It has ${given.length} characters; at most ${charsMax} are kept.`);
  };
}

function coordinatorCount(given: string): number {
  const wanted = COORDINATOR_COUNTS.find((known) => String(known) === given);
  if (wanted !== undefined) return wanted;
  throw new InvalidArgumentError(`Give it ${COORDINATOR_COUNTS.slice(0, -1).join(', ')} or ${COORDINATOR_COUNTS.at(-1)}: an even number survives no more losses than one less.`);
}

/** Takes a whole number within limits. */
function count(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Give it a whole number from ${min} to ${max}.`);
  };
}
