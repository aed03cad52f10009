/**
 * Keeps the processes of a local cluster: starts them in order, notices when one ends, kills and restarts by name,
 * stops them in reverse order. Knows nothing of terminals or membership.
 */
import { join } from 'node:path';
import { Child, type Exit } from './child.js';
import { cutLogIfLarge } from './log-file.js';
import type { ProcessSpec } from './process-spec.js';
import type { ProcessRow } from './state-file.js';

/** Longer than the services' own deadline for stopping (10 s), so theirs is the one that counts. */
const STOP_GRACE_MS = 11_000;
const LOG_CHECK_EVERY_MS = 10_000;

export interface LocalClusterListener {
  /** A process answers for the first time in this life. */
  onReady(row: ProcessRow, tookMs: number): void;
  /** A process ended though nobody asked it to stop. */
  onEnded(row: ProcessRow, exit: Exit, lastLines: readonly string[]): void;
  /** A single process was stopped, as somebody asked; it had to be killed when that was not graceful. */
  onStopped(row: ProcessRow, isGraceful: boolean): void;
  /** Something that `rows` shows has changed. */
  onChange(): void;
}

export interface LocalClusterOptions {
  readonly specs: readonly ProcessSpec[];
  readonly nodePath: string;
  readonly nodeArgs: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logsFolder: string;
  readonly listener: LocalClusterListener;
}

/** A process ended before it was ready. */
export class StartFailed extends Error {
  override readonly name = 'StartFailed';
  constructor(
    readonly row: ProcessRow,
    readonly exit: Exit,
    readonly lastLines: readonly string[],
  ) {
    super(`${row.name} ${spellExit(exit)} while it was starting`);
  }
}

export type NameProblem = { readonly kind: 'unknown-name'; readonly known: readonly string[] } | { readonly kind: 'not-running' } | { readonly kind: 'running'; readonly pid: number };

export function spellExit(exit: Exit): string {
  if (exit.signal !== null) return `was ended by ${exit.signal}`;
  return exit.code === null ? 'could not be started' : `ended with exit code ${exit.code}`;
}

export class LocalCluster {
  private readonly children: ReadonlyMap<string, Child>;
  private readonly starting = new Set<Child>();
  private readonly logCheck: NodeJS.Timeout;
  private isStopping = false;

  constructor(private readonly options: LocalClusterOptions) {
    this.children = new Map(options.specs.map((spec) => [spec.name, this.childOf(spec)]));
    this.logCheck = setInterval(() => {
      for (const spec of options.specs) cutLogIfLarge(this.logFileOf(spec.name));
    }, LOG_CHECK_EVERY_MS);
    this.logCheck.unref();
  }

  /** Starts each process once those it depends on are ready; rejects with `StartFailed` for the first that ends before it is ready. */
  async start(): Promise<void> {
    const begun = new Map<string, Promise<void>>();
    const begin = (child: Child): Promise<void> => {
      const { name, startsAfter } = child.spec;
      const known = begun.get(name);
      if (known !== undefined) return known;
      const needed = startsAfter.map((other) => this.children.get(other)).filter((other) => other !== undefined);
      const ready = Promise.all(needed.map(begin)).then(() => this.bringUp(child));
      begun.set(name, ready);
      return ready;
    };
    await Promise.all([...this.children.values()].map(begin));
  }

  rows(): ProcessRow[] {
    return [...this.children.values()].map((child) => child.row());
  }

  /** SIGKILL; answers with the pid that is gone. */
  async kill(name: string): Promise<{ readonly kind: 'killed'; readonly pid: number } | NameProblem> {
    const child = this.children.get(name);
    if (child === undefined) return this.unknownName();
    const { pid } = child;
    if (pid === null) return { kind: 'not-running' };
    await child.kill();
    return { kind: 'killed', pid };
  }

  /** SIGTERM, so that a member says good-bye; SIGKILL when it does not end by itself. Answers with the pid that is gone. */
  async stopOne(name: string): Promise<{ readonly kind: 'stopped'; readonly pid: number } | NameProblem> {
    const child = this.children.get(name);
    if (child === undefined) return this.unknownName();
    const { pid } = child;
    if (pid === null) return { kind: 'not-running' };
    const row = child.row();
    const isGraceful = await child.stop(STOP_GRACE_MS, new AbortController().signal);
    // When all of them end, that is told with the others.
    if (!this.isStopping) this.options.listener.onStopped(row, isGraceful);
    return { kind: 'stopped', pid };
  }

  /** Starts a process that has ended; resolves when it is ready. */
  async startAgain(name: string): Promise<{ readonly kind: 'started'; readonly pid: number | null } | NameProblem> {
    const child = this.children.get(name);
    if (child === undefined) return this.unknownName();
    if (child.pid !== null) return { kind: 'running', pid: child.pid };
    await this.bringUp(child);
    return { kind: 'started', pid: child.pid };
  }

  /** Last stage first, the processes of a stage together. `onStopped` hears of each, and whether it had to be killed. */
  async stop(atOnce: AbortSignal, onStopped: (row: ProcessRow, isGraceful: boolean) => void): Promise<void> {
    this.isStopping = true;
    clearInterval(this.logCheck);
    const stages = [...new Set(this.options.specs.map((spec) => spec.stopStage))].toSorted((a, b) => b - a);
    for (const stage of stages) {
      const running = [...this.children.values()].filter((child) => child.spec.stopStage === stage && child.isRunning);
      await Promise.all(
        running.map(async (child) => {
          const row = child.row();
          onStopped(row, await child.stop(STOP_GRACE_MS, atOnce));
        }),
      );
    }
  }

  private async bringUp(child: Child): Promise<void> {
    const startedMs = performance.now();
    if (this.isStopping) return;
    this.starting.add(child);
    child.start();
    this.options.listener.onChange();
    const exit = await child.ready();
    this.starting.delete(child);
    if (this.isStopping) return;
    if (exit !== null) throw new StartFailed(child.row(), exit, child.lastLines());
    this.options.listener.onReady(child.row(), performance.now() - startedMs);
    this.options.listener.onChange();
  }

  private unknownName(): NameProblem {
    return { kind: 'unknown-name', known: [...this.children.keys()] };
  }

  private logFileOf(name: string): string {
    return join(this.options.logsFolder, `${name}.log`);
  }

  private childOf(spec: ProcessSpec): Child {
    const { nodePath, nodeArgs, env, listener } = this.options;
    return new Child(spec, {
      nodePath,
      nodeArgs,
      env,
      logFile: this.logFileOf(spec.name),
      onExit: (child, exit) => {
        if (!exit.isAsked && !this.isStopping && !this.starting.has(child)) listener.onEnded(child.row(), exit, child.lastLines());
        listener.onChange();
      },
    });
  }
}
