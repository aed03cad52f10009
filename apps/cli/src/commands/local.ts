/** The commands that speak with a running `muster up`: ps, kill, stop, start, down. */
import type { CliContext } from '../context.js';
import { CliError, EXIT, type ExitCode } from '../exit-codes.js';
import { askControl, type ControlRequest, type ControlResponse, removeSockets } from '../local-cluster/control-socket.js';
import { leftovers, untilGone } from '../local-cluster/leftovers.js';
import { isSameProcess } from '../local-cluster/process-identity.js';
import { type ClusterState, findHome, type ProcessRow, readState, removeState, stateFileOf } from '../local-cluster/state-file.js';
import { layOutTable } from '../terminal/layout.js';

export interface LocalOptions {
  readonly data: string | undefined;
  readonly json: boolean;
}

export async function runPs(context: CliContext, options: LocalOptions): Promise<ExitCode> {
  const { terminal } = context;
  const { response } = await ask(context, options, { op: 'ps' });
  const rows = response.processes;
  if (options.json) {
    terminal.print(JSON.stringify(rows.map(({ name, role, nodeId, pid, httpUrl, state }) => ({ name, role, nodeId, pid, httpUrl, state })), null, 2));
    return EXIT.ok;
  }
  const { dim } = terminal.colours;
  const columns = [{ title: 'NAME' }, { title: 'STATE' }, { title: 'PID', align: 'right' as const }, { title: 'URL' }];
  const [titles = '', ...lines] = layOutTable(columns, rows.map((row) => [row.name, paintState(context, row.state), row.pid === null ? '–' : String(row.pid), row.httpUrl ?? dim('(local socket)')]));
  terminal.print(dim(titles));
  for (const line of lines) terminal.print(line);
  return EXIT.ok;
}

export async function runKill(context: CliContext, options: LocalOptions & { readonly name: string }): Promise<ExitCode> {
  const { response } = await ask(context, options, { op: 'kill', name: options.name });
  report(context, options, { name: options.name, pid: response.pid, atUnixMs: context.nowUnixMs() }, `killed ${options.name} (pid ${response.pid}, SIGKILL). \`npx muster start ${options.name}\` brings it back.`);
  return EXIT.ok;
}

export async function runStop(context: CliContext, options: LocalOptions & { readonly name: string }): Promise<ExitCode> {
  const { response } = await ask(context, options, { op: 'stop', name: options.name });
  report(context, options, { name: options.name, pid: response.pid }, `${options.name} (pid ${response.pid}) is stopped. \`npx muster start ${options.name}\` brings it back; \`npx muster down\` stops the whole cluster.`);
  return EXIT.ok;
}

export async function runStart(context: CliContext, options: LocalOptions & { readonly name: string }): Promise<ExitCode> {
  const { response } = await ask(context, options, { op: 'start', name: options.name });
  const isMember = response.processes.some(({ name, nodeId }) => name === options.name && nodeId !== null);
  report(context, options, { name: options.name, pid: response.pid }, `${options.name} runs again, as pid ${response.pid}.${isMember ? ' `npx muster watch` shows it join.' : ''}`);
  return EXIT.ok;
}

/** Also cleans up after an `up` that was killed, so that `down` always ends with nothing left. */
export async function runDown(context: CliContext, options: LocalOptions): Promise<ExitCode> {
  const home = findHome(context.cwd, options.data);
  const state = stateOrRefuse(home);
  if (isSameProcess(state.up)) {
    await ask(context, options, { op: 'down' });
    const killedCount = await untilGone({ ...state, processes: [{ name: 'up', role: 'up', nodeId: null, httpUrl: null, state: 'running', pid: state.up.pid, startToken: state.up.startToken }] }, STOP_MS_MAX);
    if (killedCount > 0) throw new CliError(EXIT.failed, `\`muster up\` (pid ${state.up.pid}) did not stop within ${STOP_MS_MAX / 1000} s and was killed`);
  } else {
    if (!options.json) context.terminal.print(`The \`muster up\` of this cluster (pid ${state.up.pid}) is gone; waiting for ${leftovers(state).length} processes it left.`);
    await untilGone(state);
    removeSockets(state.controlSocket);
    removeState(home);
  }
  report(context, options, { pid: state.up.pid }, 'The cluster is stopped.');
  return EXIT.ok;
}

/** Three stages, each with the services' own deadline. */
const STOP_MS_MAX = 40_000;

function report(context: CliContext, options: LocalOptions, facts: object, sentence: string): void {
  context.terminal.print(options.json ? JSON.stringify(facts) : sentence);
}

function stateOrRefuse(home: string): ClusterState {
  const state = readState(home);
  if (state === null) throw new CliError(EXIT.noCluster, `no local cluster runs here (there is no ${stateFileOf(home)}). Start one with \`npm start\`.`);
  return state;
}

async function ask(context: CliContext, options: LocalOptions, request: ControlRequest): Promise<{ readonly response: ControlResponse & { readonly ok: true } }> {
  const state = stateOrRefuse(findHome(context.cwd, options.data));
  if (!isSameProcess(state.up)) {
    throw new CliError(EXIT.noCluster, `the \`muster up\` of this cluster (pid ${state.up.pid}) is gone, and what it ran stops with it. Start again with \`npm start\`.`);
  }
  let response: ControlResponse;
  try {
    response = await askControl(state.controlSocket, request);
  } catch (error) {
    throw new CliError(EXIT.noCluster, `\`muster up\` (pid ${state.up.pid}) does not answer at ${state.controlSocket}; it may be stopping`, { cause: error });
  }
  if (response.ok) return { response };
  throw new CliError(response.reason === 'unknown-name' ? EXIT.usage : EXIT.failed, response.message);
}

function paintState(context: CliContext, state: ProcessRow['state']): string {
  const { green, red, yellow } = context.terminal.colours;
  switch (state) {
    case 'running':
      return green(state);
    case 'starting':
      return yellow(state);
    case 'killed':
    case 'exited':
      return red(state);
  }
}
