/**
 * `muster up`: a whole cluster on this machine as separate processes, in the foreground, until Ctrl-C or `muster down`.
 *
 * Composition only: what runs is decided by cluster-plan, how it is kept by local-cluster, how it reads by up-view.
 */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { watchCluster } from '../cluster-client/watch-stream.js';
import type { CliContext } from '../context.js';
import { CliError, EXIT, type ExitCode, messageOf } from '../exit-codes.js';
import { COORDINATOR_COUNTS, coordinatorName, coordinatorUrlsAt, gatewayUrlAt, planCluster, portClash } from '../local-cluster/cluster-plan.js';
import { secretOf } from '../local-cluster/cluster-secret.js';
import { removeSockets, serveControl, socketFolder } from '../local-cluster/control-socket.js';
import { databaseTemplateIn, seedDatabase } from '../local-cluster/database-template.js';
import { leftovers, untilGone } from '../local-cluster/leftovers.js';
import { LocalCluster, StartFailed } from '../local-cluster/local-cluster.js';
import { type TakenPort, takenPorts } from '../local-cluster/ports.js';
import { isSameProcess, startTokenOf } from '../local-cluster/process-identity.js';
import type { ProcessSpec } from '../local-cluster/process-spec.js';
import { type ClusterState, DEFAULT_HOME, readState, removeState, writeState } from '../local-cluster/state-file.js';
import { controlHandler } from './up-control.js';
import { UpView } from './up-view.js';

export interface UpOptions {
  readonly coordinators: number;
  readonly nodes: number;
  readonly producers: number;
  readonly portOffset: number;
  readonly rate: number | null;
  readonly data: string | undefined;
  readonly fresh: boolean;
}

const appsFolder = fileURLToPath(new URL('../../../', import.meta.url)).replace(/\/$/, '');
const repository = resolve(appsFolder, '..');
const parentGuard = new URL('../parent-guard.js', import.meta.url).href;
/**
 * Where a whole cluster shares one machine, memory is worth more than the last bit of speed: a young generation of 1 MiB instead of 16 saves
 * 25 MB in each process, `--optimize-for-size` and few heaps of malloc 80 MB in all, for a twentieth more CPU under load.
 */
const NODE_ARGS = ['--enable-source-maps', '--max-semi-space-size=1', '--optimize-for-size'];
const MALLOC_ARENAS_MAX = '2';
/** Other programs' settings that alias ours: a database meant for something else must not end up in a local cluster. */
const FOREIGN_SETTINGS = ['KAFKA_BROKERS', 'DATABASE_URL', 'REDIS_URL'];

export async function runUp(context: CliContext, options: UpOptions): Promise<ExitCode> {
  const home = resolve(context.cwd, options.data ?? DEFAULT_HOME);
  const stop = context.stopRequested;
  await refuseSecondCluster(context, home);
  if (!options.fresh) refuseMinority(home, options.coordinators);
  const sockets = inFolder(home, () => socketFolder(home));
  try {
    const specs = planCluster({
      coordinatorCount: options.coordinators,
      secret: inFolder(home, () => secretOf(home)),
      nodeCount: options.nodes,
      producerCount: options.producers,
      portOffset: options.portOffset,
      ratePerSecond: options.rate,
      home,
      busSocket: join(sockets.folder, 'bus.sock'),
      appsFolder,
    });
    await refuseTakenPorts(specs, options.portOffset);
    inFolder(home, () => prepareFolders(home, specs, options.fresh));
    const coordinatorUrls = coordinatorUrlsAt(options.portOffset, options.coordinators);
    return await runCluster(context, { home, specs, socketFolder: sockets.folder, gatewayUrl: gatewayUrlAt(options.portOffset), coordinatorUrls, stop });
  } finally {
    removeState(home);
    sockets.remove();
  }
}

/** What the file system refuses here is refused to a person, who can choose another folder. */
function inFolder<T>(home: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (typeof error !== 'object' || error === null || !('syscall' in error)) throw error;
    throw new CliError(EXIT.failed, `cannot keep a cluster in ${home}: ${messageOf(error)}. Choose another folder with --data.`, { cause: error });
  }
}

function prepareFolders(home: string, specs: readonly ProcessSpec[], isFresh: boolean): void {
  if (isFresh) for (const folder of ['data', 'logs']) rmSync(join(home, folder), { recursive: true, force: true });
  for (const { name, role } of specs) {
    mkdirSync(join(home, 'data', name), { recursive: true });
    if (role === 'consumer') seedDatabase(databaseTemplateIn(repository), join(home, 'data', name, 'pglite'));
  }
}

interface Running {
  readonly home: string;
  readonly specs: readonly ProcessSpec[];
  readonly socketFolder: string;
  readonly gatewayUrl: string;
  readonly coordinatorUrls: readonly string[];
  readonly stop: AbortSignal;
}

async function runCluster(context: CliContext, running: Running): Promise<ExitCode> {
  const { home, specs, gatewayUrl, coordinatorUrls } = running;
  const down = new AbortController();
  const stop = AbortSignal.any([running.stop, down.signal]);
  const view = new UpView(context, { home, specs, gatewayUrl });
  const controlSocket = join(running.socketFolder, 'control.sock');
  const up = { pid: process.pid, startToken: startTokenOf(process.pid) ?? '', startedAtUnixMs: context.nowUnixMs() };
  const saveState = (): void => writeState(home, { version: 1, up, controlSocket, urls: [gatewayUrl, ...coordinatorUrls], processes: cluster.rows() });
  const cluster = new LocalCluster({
    specs,
    nodePath: process.execPath,
    nodeArgs: [...NODE_ARGS, '--import', parentGuard],
    env: childEnvironment(context.env),
    logsFolder: join(home, 'logs'),
    listener: {
      onReady: (row, tookMs) => view.ready(row, tookMs),
      onEnded: (row, exit, lines) => view.ended(row, exit, lines),
      onStopped: (row, isGraceful) => view.stoppedOne(row, isGraceful),
      onChange: () => {
        try {
          saveState();
        } catch {
          // A full disk: the file lags behind until it can be written again, which is no reason to end the cluster.
        }
      },
    },
  });
  inFolder(home, saveState);
  view.banner();
  const control = await serveControl(controlSocket, controlHandler(cluster, () => down.abort()));
  const watching = watchCluster(
    coordinatorUrls,
    { onMessage: (message) => view.watchMessage(message), onConnected: () => view.watching(), onLost: (_url, why) => view.lostSight(why) },
    stop,
  );
  const code = await startAndWait(cluster, view, stop);
  down.abort();
  view.stopping();
  await cluster.stop(context.stopAtOnce, (row, isGraceful) => view.stopped(row, isGraceful));
  await Promise.all([watching, control.close()]);
  if (context.stopAtOnce.aborted) return EXIT.interrupted;
  if (code === EXIT.ok) view.bye();
  return code;
}

/** Resolves when the cluster is to be stopped. */
async function startAndWait(cluster: LocalCluster, view: UpView, stop: AbortSignal): Promise<ExitCode> {
  const stopped = new Promise<'stop'>((resolve) => {
    if (stop.aborted) resolve('stop');
    stop.addEventListener('abort', () => resolve('stop'));
  });
  // Given a handler at once: a start that fails while we are already stopping is nobody's business.
  const started = cluster.start().then(
    () => null,
    (error: unknown) => error,
  );
  const failure = await Promise.race([started, stopped]);
  if (failure === 'stop') return EXIT.ok;
  if (failure !== null) {
    if (failure instanceof StartFailed) view.startFailed(failure);
    else view.failed(messageOf(failure));
    return EXIT.failed;
  }
  view.allStarted(cluster.rows());
  await stopped;
  return EXIT.ok;
}

function childEnvironment(env: CliContext['env']): Record<string, string | undefined> {
  const own = Object.entries(env).filter(([name]) => !FOREIGN_SETTINGS.includes(name));
  return { NODE_COMPILE_CACHE: join(repository, 'node_modules', '.cache', 'muster', 'compile'), MALLOC_ARENA_MAX: MALLOC_ARENAS_MAX, ...Object.fromEntries(own) };
}

async function refuseSecondCluster(context: CliContext, home: string): Promise<void> {
  const state = readState(home);
  if (state === null) return;
  if (isSameProcess(state.up)) throw new CliError(EXIT.alreadyRunning, alreadyRunning(state));
  const { terminal } = context;
  const count = leftovers(state).length;
  terminal.print(`  An earlier cluster here lost its \`muster up\` (pid ${state.up.pid}).`);
  if (count > 0) terminal.print(`  Waiting for its last ${count === 1 ? 'process' : `${count} processes`} to stop …`);
  const killedCount = await untilGone(state);
  if (killedCount > 0) terminal.print(`  ${killedCount} did not stop by themselves and were killed.`);
  removeSockets(state.controlSocket);
  removeState(home);
}

function alreadyRunning(state: ClusterState): string {
  return [
    `a cluster runs here already (pid ${state.up.pid}): ${state.urls[0] ?? ''}`,
    '  npx muster ps      shows its processes',
    '  npx muster down    stops it',
    'A second one needs its own ports and folder: npm start -- --port-offset 1000 --data .muster-2',
  ].join('\n');
}

/** Members of a group that are not started are missed by the others: with too few of them nothing would ever be decided. */
function refuseMinority(home: string, coordinators: number): void {
  const known = COORDINATOR_COUNTS.findLast((count) => existsSync(join(home, 'data', coordinatorName(count - 1)))) ?? 1;
  if (coordinators >= known) return;
  throw new CliError(EXIT.usage, `the cluster in ${home} has ${known} coordinators, and not all of them would be started.\nStart it with --coordinators ${known}, or begin anew with --fresh --coordinators ${coordinators}.`);
}

async function refuseTakenPorts(specs: readonly ProcessSpec[], portOffset: number): Promise<void> {
  const clash = portClash(specs);
  if (clash !== null) throw new CliError(EXIT.usage, clash);
  const taken = await takenPorts(specs);
  if (taken.length === 0) return;
  const line = ({ port, wantedBy, heldByNodeId }: TakenPort): string =>
    `port ${port} (for ${wantedBy}) is taken by ${heldByNodeId === null ? 'another program' : `"${heldByNodeId}", a member of another Muster cluster`}.`;
  throw new CliError(EXIT.failed, [...taken.map(line), `Stop it, or move all ports: npm start -- --port-offset ${portOffset + 1000}`].join('\n'));
}
