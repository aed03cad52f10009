/** Starts and kills `broker-main` the hard way. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const TESTING = resolve('testing');

export class BrokerProcess {
  readonly folder = mkdtempSync(join(tmpdir(), 'muster-bus-'));
  readonly socketPath = join(this.folder, 'bus.sock');
  readonly url = `embedded:${this.socketPath}`;
  #child: ChildProcess | null = null;

  async start(): Promise<void> {
    const options = ['--conditions=@muster/source', '--import', join(TESTING, 'run-source.mjs')];
    const child = spawn(process.execPath, [...options, join(TESTING, 'broker-main.ts'), this.socketPath, join(this.folder, 'bus.db')], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    const said = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
    if (!String(said[0]).includes('listening')) throw new Error(`the broker did not start: exit ${String(said[0])}`);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
