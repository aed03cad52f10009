/** One thread of `jobs.ts`: a task in, its result out. */
import { parentPort } from 'node:worker_threads';
import type { Task } from './jobs.js';
import { SCENARIOS } from './scenarios.js';
import { simulate } from './simulate.js';

parentPort?.on('message', ({ scenario, options }: Task) => {
  const found = SCENARIOS.find(({ name }) => name === scenario);
  if (found === undefined) throw new Error(`there is no scenario '${scenario}'`);
  parentPort?.postMessage(simulate(found, options));
});
