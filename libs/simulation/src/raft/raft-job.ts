/** One thread of `npm run simulate -- raft`: a run in, its result out. */
import { parentPort } from 'node:worker_threads';
import { type RaftRun, simulateRaft } from './simulate-raft.js';

parentPort?.on('message', (run: RaftRun) => parentPort?.postMessage(simulateRaft(run)));
