/** Runs of simulations on several threads: each takes the next task when it is done with one. */
import { Worker } from 'node:worker_threads';
import type { SimulationOptions, SimulationResult } from './simulate.js';

export interface Task {
  readonly scenario: string;
  readonly options: SimulationOptions;
}

/** Takes tasks from `next` until there are none; results come in the order in which they are ready. */
export async function runTasks(jobs: number, next: () => Task | null, done: (result: SimulationResult) => void): Promise<void> {
  await Promise.all(Array.from({ length: jobs }, () => runThread(next, done)));
}

function runThread(next: () => Task | null, done: (result: SimulationResult) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(new URL('./job.js', import.meta.url));
    const give = (): void => {
      const task = next();
      if (task === null) void thread.terminate().then(() => resolve(), reject);
      else thread.postMessage(task);
    };
    thread.on('message', (result: SimulationResult) => {
      done(result);
      give();
    });
    thread.on('error', reject);
    give();
  });
}
