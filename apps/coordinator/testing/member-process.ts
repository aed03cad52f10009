/** Starts a member in a process of its own, and carries its beats to the bus under test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { HEARTBEATS_TOPIC } from '@muster/contracts';
import type { MemoryBus } from './memory-bus.js';

export interface MemberProcessOptions {
  readonly nodeId: string;
  readonly coordinators: readonly string[];
  readonly intervalMs: number;
}

export class MemberProcess {
  /** What operators told it, newest last. */
  readonly orders: { readonly isDraining: boolean; readonly reason: string }[] = [];
  private readonly child: ChildProcess;

  constructor(options: MemberProcessOptions, bus: MemoryBus) {
    this.child = spawn(process.execPath, [fileURLToPath(new URL('member-process.mjs', import.meta.url)), JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] });
    if (this.child.stdout === null) throw new Error('the member has no standard output');
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      const said = JSON.parse(line) as { kind: 'beat'; text: string } | { kind: 'drain'; isDraining: boolean; reason: string };
      if (said.kind === 'drain') this.orders.push({ isDraining: said.isDraining, reason: said.reason });
      else bus.publish(HEARTBEATS_TOPIC.name, [{ key: options.nodeId, value: Buffer.from(said.text) }]).catch(() => undefined);
    });
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
    this.child.kill(signal);
  }

  /** Its main loop stands still. */
  block(forMs: number): void {
    this.child.stdin?.write(`block ${forMs}\n`);
  }

  loseBus(): void {
    this.child.stdin?.write('lose-bus\n');
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
  }
}
