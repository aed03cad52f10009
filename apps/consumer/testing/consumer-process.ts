/** The consumer as a process of its own, run from source, so that it can be killed the hard way. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { freePort, until } from '@muster/testing';
import type { ConsumerStats } from '../src/stats.controller.js';

export interface ConsumerProcessFacts {
  readonly busUrl: string;
  readonly databaseUrl: string;
  readonly dataDir: string;
}

const LOADER = resolve('../../libs/messaging/testing/run-source.mjs');
const OUTPUT_CHARS_MAX = 20_000;

export class ConsumerProcess {
  private child: ChildProcess | null = null;
  private port = 0;
  private output = '';

  constructor(private readonly facts: ConsumerProcessFacts) {}

  async start(): Promise<void> {
    this.port = await freePort();
    const { busUrl, databaseUrl, dataDir } = this.facts;
    const env = { PATH: process.env['PATH'], MUSTER_BUS_URL: busUrl, MUSTER_DATABASE_URL: databaseUrl, MUSTER_NODE_DATA_DIR: dataDir, MUSTER_NODE_ID: 'consumer-test', MUSTER_HTTP_HOST: '127.0.0.1', MUSTER_HTTP_PORT: String(this.port), MUSTER_CLUSTER_COORDINATORS: 'http://127.0.0.1:1' };
    const child = spawn(process.execPath, ['--conditions=@muster/source', '--import', LOADER, resolve('src/main.ts')], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const note = (chunk: Buffer): void => void (this.output = (this.output + chunk.toString()).slice(-OUTPUT_CHARS_MAX));
    child.stdout.on('data', note);
    child.stderr.on('data', note);
    this.child = child;
  }

  /** Kills it without a chance to say anything. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    const { child } = this;
    this.child = null;
    if (child === null || child.exitCode !== null) return child?.exitCode ?? null;
    const gone = once(child, 'exit');
    child.kill(signal);
    const [code]: unknown[] = await gone;
    return typeof code === 'number' ? code : null;
  }

  /** The answer, or null while the process does not answer with success. */
  async get<T>(path: string): Promise<T | null> {
    if (this.child?.exitCode !== null) throw new Error(`the consumer ended by itself: ${this.output}`);
    try {
      const response = await fetch(`http://127.0.0.1:${this.port}${path}`);
      return response.ok ? ((await response.json()) as T) : null;
    } catch {
      return null;
    }
  }

  /** Records stored since this process began. */
  async storedCount(): Promise<number> {
    const stats = await this.get<ConsumerStats>('/stats');
    return Object.values(stats?.stored ?? {}).reduce((sum, count) => sum + count, 0);
  }

  async untilReady(): Promise<void> {
    await until(`ready; it said: ${this.output.slice(-2000)}`, async () => (await this.get('/health/ready')) !== null, 60_000);
  }
}
