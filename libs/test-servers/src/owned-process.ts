/**
 * A child process that does not outlive this one: killed on exit, and by the kernel where `setpriv` can arrange it.
 *
 * Keeps the last lines it printed, so that a server that did not start can be explained. Decides nothing about readiness.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { becomesTrue } from './deadline.js';

const LINES_KEPT = 6;
const OUTPUT_KEPT_CHARS = 8_192;

export interface ProcessOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Runs it as another user; only root may. */
  readonly user?: { readonly uid: number; readonly gid: number };
}

export class OwnedProcess {
  private output = '';
  private outcome: string | null = null;
  private readonly child: ChildProcess;
  private readonly onExit = () => this.child.kill('SIGKILL');

  constructor(command: string, args: readonly string[], options: ProcessOptions = {}) {
    const [file, ...rest] = [...tiedToParent(options.env), command, ...args];
    this.child = spawn(file ?? command, rest, { cwd: options.cwd, env: options.env ?? process.env, stdio: ['ignore', 'pipe', 'pipe'], ...options.user });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output = (this.output + text).slice(-OUTPUT_KEPT_CHARS);
      });
    }
    process.once('exit', this.onExit);
    const settle = (outcome: string) => {
      this.outcome ??= outcome;
      process.off('exit', this.onExit);
    };
    this.child.once('error', (error) => settle(error.message));
    this.child.once('close', (code, signal) => settle(signal === null ? `exit code ${code}` : signal));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.outcome !== null;
  }

  /** How it ended and the last lines it printed, on one line. */
  report(): string {
    const lines = this.output.split('\n').filter((line) => line.trim() !== '');
    return `${this.outcome ?? 'still running'}: ${lines.slice(-LINES_KEPT).join(' | ')}`;
  }

  /** True when it ended with exit code 0 within the time; otherwise it is killed. */
  async succeeds(withinMs: number): Promise<boolean> {
    if (!(await becomesTrue(async () => this.hasEnded, withinMs))) {
      await this.end('SIGKILL', 0);
      this.outcome = `killed: it took more than ${withinMs} ms`;
    }
    return this.outcome === 'exit code 0';
  }

  /** Resolves when it is gone; what does not follow the signal in time is killed. */
  async end(signal: NodeJS.Signals, graceMs: number): Promise<void> {
    if (this.hasEnded) return;
    this.child.kill(signal);
    if (await becomesTrue(async () => this.hasEnded, graceMs)) return;
    this.child.kill('SIGKILL');
    await becomesTrue(async () => this.hasEnded, 5_000);
  }
}

/** The first of `folders`, or else of PATH, that holds the program. */
export function programIn(name: string, env: Readonly<Record<string, string | undefined>>, folders: readonly string[] = []): string | null {
  const path = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return [...folders, ...path].map((folder) => join(folder, name)).find((file) => existsSync(file)) ?? null;
}

function tiedToParent(env: ProcessOptions['env']): string[] {
  const setpriv = process.platform === 'linux' ? programIn('setpriv', env ?? process.env) : null;
  return setpriv === null ? [] : [setpriv, '--pdeathsig', 'KILL', '--'];
}
