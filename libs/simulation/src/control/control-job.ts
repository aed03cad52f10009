/** One thread of `npm run simulate -- control`: a run in, its result out. */
import { parentPort } from 'node:worker_threads';
import { type ControlRun, simulateControl } from './simulate-control.js';

parentPort?.on('message', (run: ControlRun) => parentPort?.postMessage(simulateControl(run)));
