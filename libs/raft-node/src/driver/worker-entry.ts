/** The Raft loop in a thread of its own. Nothing but the wiring; loaded by `RaftNode`. */
import { parentPort, workerData } from 'node:worker_threads';
import type { FromLoop, LoopSetup, ToLoop } from './messages.js';
import { RaftLoop } from './raft-loop.js';

const tell = (message: FromLoop): void => parentPort?.postMessage(message);
try {
  const loop = await RaftLoop.start(workerData as LoopSetup, tell);
  parentPort?.on('message', (message: ToLoop) => {
    loop.receive(message);
    if (message.kind === 'stop') parentPort?.close();
  });
} catch (error) {
  tell({ kind: 'failed', text: error instanceof Error ? error.message : String(error) });
}
