/** Runs of scenarios on several threads. */
import type { SimulationOptions, SimulationResult } from './simulate.js';
import { runThreads } from './threads.js';

export interface Task {
  readonly scenario: string;
  readonly options: SimulationOptions;
}

export function runTasks(jobs: number, next: () => Task | null, done: (result: SimulationResult) => void): Promise<void> {
  return runThreads(new URL('./job.js', import.meta.url), jobs, next, done);
}
