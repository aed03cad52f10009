/**
 * One process of the local cluster through its lives: started, killed, started again. In a process group of its own,
 * so that Ctrl-C reaches `up` alone and children are stopped in order; tied to us by its stdin (see parent-guard).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { lastLines, openLog } from './log-file.js';
import { startTokenOf } from './process-identity.js';
import type { ProcessSpec } from './process-spec.js';
import { untilReady } from './readiness.js';
import type { ProcessRow } from './state-file.js';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** True when `stop` asked for it. */
  readonly isAsked: boolean;
}

export interface ChildSurroundings {
  readonly nodePath: string;
  /** Arguments for Node before the program's. */
  readonly nodeArgs: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logFile: string;
  /** Called once per life, when it ends. */
  readonly onExit: (child: Child, exit: Exit) => void;
}

const LAST_LINES = 12;

export class Child {
  private process: ChildProcess | null = null;
  private startToken: string | null = null;
  private ended: Promise<Exit> | null = null;
  private state: ProcessRow['state'] = 'exited';
  private isStopping = false;
  private lives = 0;

  constructor(
    readonly spec: ProcessSpec,
    private readonly surroundings: ChildSurroundings,
  ) {}

  get pid(): number | null {
    return this.process?.pid ?? null;
  }

  get isRunning(): boolean {
    return this.process !== null;
  }

  row(): ProcessRow {
    const { name, role, nodeId, httpUrl } = this.spec;
    return { name, role, nodeId, pid: this.pid, httpUrl, state: this.state, startToken: this.startToken };
  }

  /** Begins a life; the process exists when this returns, and may not be ready. */
  start(): void {
    if (this.process !== null) return;
    const { nodePath, nodeArgs, env, logFile } = this.surroundings;
    const log = openLog(logFile, this.lives++ === 0 ? 'fresh' : 'append');
    const child = spawn(nodePath, [...nodeArgs, ...this.spec.args], { detached: true, stdio: ['pipe', log, log], env: { ...env, ...this.spec.env } });
    closeSync(log);
    child.stdin?.on('error', () => {});
    this.process = child;
    this.isStopping = false;
    this.state = 'starting';
    this.startToken = child.pid === undefined ? null : startTokenOf(child.pid);
    this.ended = this.untilEnd(child);
  }

  /** Resolves when the process answers; null then, or how it ended before it did. */
  async ready(): Promise<Exit | null> {
    if (this.ended === null) throw new Error(`${this.spec.name} was not started`);
    const gaveUp = new AbortController();
    const exit = await Promise.race([untilReady(this.spec.readiness, gaveUp.signal).then(() => null), this.ended]);
    gaveUp.abort();
    if (exit === null && this.state === 'starting') this.state = 'running';
    return exit;
  }

  /** SIGKILL, at once and without a word to the process: what a crash looks like from outside. */
  async kill(): Promise<void> {
    this.process?.kill('SIGKILL');
    await this.ended;
  }

  /** SIGTERM, then SIGKILL after `graceMs`; resolves with false when it had to be killed. */
  async stop(graceMs: number, atOnce: AbortSignal): Promise<boolean> {
    if (this.process === null || this.ended === null) return true;
    this.isStopping = true;
    this.process.kill('SIGTERM');
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), graceMs);
    const late = AbortSignal.any([patience.signal, atOnce]);
    const outOfPatience = late.aborted ? Promise.resolve(null) : once(late, 'abort').then(() => null);
    const exit = await Promise.race([this.ended, outOfPatience]);
    clearTimeout(timer);
    if (exit !== null) return true;
    await this.kill();
    return false;
  }

  lastLines(): string[] {
    return lastLines(this.surroundings.logFile, LAST_LINES);
  }

  private async untilEnd(child: ChildProcess): Promise<Exit> {
    const exit = await new Promise<Exit>((resolve) => {
      child.once('error', () => resolve({ code: null, signal: null, isAsked: this.isStopping }));
      child.once('exit', (code, signal) => resolve({ code, signal, isAsked: this.isStopping }));
    });
    child.stdin?.destroy();
    this.process = null;
    this.startToken = null;
    this.state = exit.signal === 'SIGKILL' ? 'killed' : 'exited';
    this.surroundings.onExit(this, exit);
    return exit;
  }
}
