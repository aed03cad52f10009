/** Starts a member in a process of its own and follows what it says. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Beat } from '@muster/contracts';
import { until } from '@muster/testing';

export interface MemberProcessOptions {
  readonly coordinators: readonly string[];
  readonly worker: boolean;
  readonly intervalMs: number;
}

type Said =
  | { readonly kind: 'bus'; readonly beat: Beat }
  | { readonly kind: 'log'; readonly level: string; readonly message: string }
  | { readonly kind: 'drain'; readonly isDraining: boolean; readonly reason: string; readonly agreed: boolean }
  | { readonly kind: 'started'; readonly incarnation: number; readonly httpUrl: string }
  | { readonly kind: 'blocking' }
  | { readonly kind: 'left' };

export class MemberProcess {
  readonly said: Said[] = [];
  readonly errors: string[] = [];
  exitCode: number | null | undefined;

  private constructor(private readonly child: ChildProcess) {}

  static async start(options: MemberProcessOptions): Promise<MemberProcess> {
    const child = spawn(process.execPath, [fileURLToPath(new URL('member-process.mjs', import.meta.url)), JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'pipe'] });
    const member = new MemberProcess(child);
    if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', (line) => member.said.push(JSON.parse(line) as Said));
    child.stderr?.on('data', (text: Buffer) => member.errors.push(text.toString()));
    // When all that it said was read.
    child.on('close', (code) => (member.exitCode = code));
    try {
      await until('the member started', () => member.started !== undefined);
    } catch (error) {
      child.kill('SIGKILL');
      throw new Error(`the member said ${member.errors.join('')}`, { cause: error });
    }
    return member;
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get started() {
    return this.said.find((one) => one.kind === 'started');
  }

  get busBeats(): Beat[] {
    return this.said.flatMap((one) => (one.kind === 'bus' ? [one.beat] : []));
  }

  get lines(): string[] {
    return this.said.flatMap((one) => (one.kind === 'log' ? [one.message] : []));
  }

  tell(order: string): void {
    this.child.stdin?.write(`${order}\n`);
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
    this.child.kill(signal);
  }
}
