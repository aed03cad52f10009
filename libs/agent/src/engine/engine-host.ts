/**
 * Keeps an engine running: in a worker thread, in a new one when that dies, and in the main thread when workers keep dying.
 *
 * The next engine goes on with the same incarnation and sequence, which lie in the shared numbers.
 */
import { Worker } from 'node:worker_threads';
import type { Logger } from '@muster/contracts';
import { Engine, LOOK_MS } from './engine.js';
import type { EngineSetup, FromEngine, ToEngine } from './messages.js';
import { monoMs } from './mono-clock.js';
import type { SharedCounters } from './shared-counters.js';
import { WorkerDeaths } from './worker-deaths.js';

export interface EngineHostOptions {
  readonly useWorker: boolean;
  readonly shared: SharedCounters;
  readonly logger: Logger;
  /** How the engine begins; asked again for each new one. */
  readonly setup: () => Omit<EngineSetup, 'watchesMain' | 'shared'>;
  readonly onMessage: (message: FromEngine) => void;
  readonly onDeath: () => void;
}

/**
 * A worker runs compiled JavaScript, because it does not pass through what jest or a loader makes of TypeScript. In production this file
 * and the entry lie side by side in `dist`; from the sources the entry is taken from the last build (`nx test` builds first).
 */
export const RUNS_FROM_SOURCE = import.meta.url.endsWith('.ts');
const WORKER_ENTRY = new URL(RUNS_FROM_SOURCE ? '../../dist/engine/worker-entry.js' : './worker-entry.js', import.meta.url);

/** Far more than an engine uses (about 5 MB); a leak in it ends the worker and not the service. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 };

export class EngineHost {
  private worker: Worker | null = null;
  private engine: Engine | null = null;
  private marking: NodeJS.Timeout | undefined;
  private isStopped = false;
  private readonly deaths = new WorkerDeaths();

  constructor(private readonly options: EngineHostOptions) {}

  start(): void {
    if (!this.options.useWorker) return this.startInThread();
    this.marking = setInterval(() => void this.options.shared.add('mainMark'), LOOK_MS).unref();
    this.startWorker();
  }

  post(message: ToEngine): void {
    this.engine?.receive(message);
    // With `worker.terminate` under way, or dead, the message is lost as the engine is.
    this.worker?.postMessage(message);
  }

  /** At once and without a word. */
  stop(): void {
    this.isStopped = true;
    clearInterval(this.marking);
    this.engine?.stop();
    void this.worker?.terminate();
    this.worker = null;
  }

  private startInThread(): void {
    const { options } = this;
    this.engine = new Engine({ ...options.setup(), watchesMain: false, shared: options.shared.buffer }, options.onMessage);
    void this.engine.start();
  }

  private startWorker(): void {
    const { options } = this;
    const workerData: EngineSetup = { ...options.setup(), watchesMain: true, shared: options.shared.buffer };
    // Flags of the process, such as a debugger's, are not for this thread.
    const worker = new Worker(WORKER_ENTRY, { workerData, name: 'muster-agent', execArgv: [], resourceLimits: RESOURCE_LIMITS });
    let fault: unknown = 'it ended';
    worker.on('message', (message: FromEngine) => {
      if (!this.isStopped) options.onMessage(message);
    });
    worker.on('error', (error) => (fault = error));
    worker.on('exit', () => this.died(fault));
    this.worker = worker;
  }

  private died(fault: unknown): void {
    if (this.isStopped) return;
    const { logger, onDeath } = this.options;
    this.worker = null;
    // What it held open is gone with it, and what it saw is old.
    for (const slot of ['lanesOpen', 'laneInUse', 'mainLagMs'] as const) this.options.shared.set(slot, 0);
    onDeath();
    switch (this.deaths.next(monoMs())) {
      case 'worker':
        logger.warn({ err: fault }, 'the thread that beats died: starting it again');
        return this.startWorker();
      case 'in-thread':
        logger.error({ err: fault }, 'the thread that beats keeps dying: beating in the main thread, where a frozen main loop looks like a dead node');
        clearInterval(this.marking);
        return this.startInThread();
    }
  }
}
