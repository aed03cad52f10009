/** The same `kill -9` protocol for Serf, the best known SWIM implementation: agents on loopback, one of them watched, another one killed. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '@muster/test-cluster';
import { tellProgress } from '../progress.js';

export const SERF_AGENTS = 16;
const FIRST_PORT = 7946;
const GIVE_UP_MS = 60_000;

/** Null when it is not installed. */
export function serfVersion(): string | null {
  try {
    return /v?[\d.]+/.exec(execFileSync('serf', ['version'], { encoding: 'utf8' }))?.[0] ?? null;
  } catch {
    return null;
  }
}

class SerfAgent {
  private text = '';
  private readonly child: ChildProcess;

  constructor(
    readonly name: string,
    port: number,
    profile: string,
  ) {
    const args = ['agent', `-node=${name}`, `-bind=127.0.0.1:${port}`, `-rpc-addr=127.0.0.1:${port + 1000}`, `-profile=${profile}`, `-join=127.0.0.1:${FIRST_PORT}`];
    // The first has nobody to join.
    this.child = spawn('serf', port === FIRST_PORT ? args.slice(0, -1) : args, { stdio: ['ignore', 'pipe', 'ignore'] });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
    this.child.on('error', () => undefined);
  }

  /** Forgets what was said so far. */
  hush(): void {
    this.text = '';
  }

  says(what: string): boolean {
    return this.text.includes(what);
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}

/** From `kill -9` of one agent to the event `member-failed` at another. Milliseconds each. */
export async function serfTrials(count: number, profile: 'lan' | 'local'): Promise<readonly number[]> {
  const agents = Array.from({ length: SERF_AGENTS }, (_, index) => new SerfAgent(`serf-${index}`, FIRST_PORT + index, profile));
  const [observer] = agents as [SerfAgent];
  const everybodyKnows = (agent: SerfAgent): Promise<true> => until(`${agent.name} to join`, GIVE_UP_MS, async () => (observer.says(`EventMemberJoin: ${agent.name} `) ? true : undefined));
  const samples: number[] = [];
  try {
    for (const agent of agents) await everybodyKnows(agent);
    for (let trial = 0; trial < count; trial++) {
      const index = 1 + (trial % (SERF_AGENTS - 1));
      const victim = agents[index] ?? observer;
      await pause(1000 + Math.random() * 1000);
      observer.hush();
      victim.kill();
      const sinceMs = performance.now();
      await until(`${victim.name} failed`, GIVE_UP_MS, async () => (observer.says(`EventMemberFailed: ${victim.name} `) ? true : undefined), 5);
      samples.push(performance.now() - sinceMs);
      tellProgress(`detection: serf (${profile}), ${samples.length} of ${count} trials`);
      const renewed = new SerfAgent(victim.name, FIRST_PORT + index, profile);
      agents[index] = renewed;
      await everybodyKnows(renewed);
    }
    return samples;
  } finally {
    for (const agent of agents) agent.kill();
  }
}
