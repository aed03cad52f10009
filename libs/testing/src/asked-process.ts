/**
 * A program of ours in a process of its own, asked over IPC: each question has a number, and the answer tells it. What the program says of its
 * own accord is handed on. It can be stopped and killed at any moment, and then answers nothing more.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Where its standard output goes too: ours may hold a report alone. */
const STDERR = 2;

export interface AskedProcessOptions {
  /** For error messages. */
  readonly name: string;
  /** The program, and what is given to it. */
  readonly args: readonly string[];
  /** What is put before the command, such as another program that starts it. */
  readonly before?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly onSaid: (message: object) => void;
}

/** `error` and what else it tells, such as `code`, become the error that the question fails with. */
type Reply = { readonly id: number } & ({ readonly value?: unknown } | { readonly error: string });

interface Waiting {
  readonly done: (value: unknown) => void;
  readonly failed: (error: Error) => void;
}

export class AskedProcess {
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;

  private constructor(
    private readonly name: string,
    private readonly child: ChildProcess,
    private readonly onSaid: (message: object) => void,
  ) {
    child.on('message', (message: object) => this.hear(message));
    child.on('error', (error) => this.fail(error));
    child.on('exit', () => this.fail(new Error(`${name} ended`)));
  }

  static start({ name, args, before = [], env = {}, onSaid }: AskedProcessOptions): AskedProcess {
    const [program = '', ...rest] = [...before, process.execPath, ...args];
    return new AskedProcess(name, spawn(program, rest, { stdio: ['ignore', STDERR, 'inherit', 'ipc'], env: { ...process.env, NODE_NO_WARNINGS: '1', NODE_OPTIONS: '', ...env } }), onSaid);
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Resolves with the answer; rejects when that is an error, or when the process ends before it. */
  ask(question: object): Promise<unknown> {
    return new Promise((done, failed) => {
      if (!this.isRunning) return failed(new Error(`${this.name} has ended`));
      this.lastId += 1;
      const id = this.lastId;
      this.waiting.set(id, { done, failed });
      this.child.send({ ...question, id }, (error) => {
        if (error !== null) this.settle(id)?.failed(error);
      });
    });
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Resolves when it is gone. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }

  private hear(message: object): void {
    if (!('id' in message)) return this.onSaid(message);
    const reply = message as Reply;
    if (!('error' in reply)) this.settle(reply.id)?.done(reply.value);
    else {
      const { id, error, ...more } = reply;
      this.settle(id)?.failed(Object.assign(new Error(error), more));
    }
  }

  private settle(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    return waiting;
  }

  private fail(error: Error): void {
    const all = [...this.waiting.values()];
    this.waiting.clear();
    for (const { failed } of all) failed(error);
  }
}
