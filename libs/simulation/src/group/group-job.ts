/** One thread of `npm run simulate -- group`: a run in, its result out. */
import { parentPort } from 'node:worker_threads';
import { type GroupRun, simulateGroup } from './simulate-group.js';

parentPort?.on('message', (run: GroupRun) => parentPort?.postMessage(simulateGroup(run)));
