/** Child processes of a drill or a benchmark: started, waited for, and stopped by pid whatever happens. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The repository, seen from `src` and from `dist`. */
export const ROOT = resolve(import.meta.dirname, '..', '..', '..');

const TAIL_BYTES_MAX = 8192;

/** Names servers that all tests share, or settings of whoever runs the tests: a service that took them up would find what another one left. */
const isForeign = (name: string): boolean => name.startsWith('MUSTER_') || ['KAFKA_BROKERS', 'DATABASE_URL', 'REDIS_URL'].includes(name);
const inherited = () => Object.fromEntries(Object.entries(process.env).filter(([name]) => !isForeign(name)));

export class Service {
  private tail = '';

  private constructor(
    readonly name: string,
    readonly child: ChildProcess,
  ) {
    const keep = (chunk: Buffer): void => {
      this.tail = (this.tail + chunk.toString()).slice(-TAIL_BYTES_MAX);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
  }

  static start(name: string, args: readonly string[], env: Readonly<Record<string, string>>): Service {
    return Service.run(name, process.execPath, args, env);
  }

  /** In a network of its own, which has no way out yet; see `Link`. */
  static startApart(name: string, args: readonly string[], env: Readonly<Record<string, string>>): Service {
    return Service.run(name, 'unshare', ['--net', process.execPath, ...args], env);
  }

  private static run(name: string, command: string, args: readonly string[], env: Readonly<Record<string, string>>): Service {
    return new Service(name, spawn(command, args, { cwd: ROOT, env: { ...inherited(), ...env }, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`${this.name} did not start:\n${this.tail}`);
    return this.child.pid;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** The last output, for an error message. */
  get output(): string {
    return this.tail;
  }

  /** Frozen: it holds what it holds and does nothing. `stop` ends it all the same. */
  pause(): void {
    this.child.kill('SIGSTOP');
  }

  resume(): void {
    this.child.kill('SIGCONT');
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (!this.isRunning) return;
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    this.resume();
    const hard = setTimeout(() => this.child.kill('SIGKILL'), 20_000);
    await exited;
    clearTimeout(hard);
  }
}

/** Polls until `probe` answers something other than undefined; says what it waited for when it gives up. */
export async function until<T>(what: string, timeoutMs: number, probe: () => Promise<T | undefined>, everyMs = 50): Promise<T> {
  const giveUpAt = performance.now() + timeoutMs;
  for (;;) {
    const answer = await probe().catch(() => undefined);
    if (answer !== undefined) return answer;
    if (performance.now() > giveUpAt) throw new Error(`gave up after ${timeoutMs} ms waiting for ${what}`);
    await new Promise((wake) => setTimeout(wake, everyMs));
  }
}

export const scratchFolder = (name: string): string => mkdtempSync(join(tmpdir(), `muster-${name}-`));
