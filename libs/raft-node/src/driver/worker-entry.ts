/** The Raft loop in a thread of its own. Nothing but the wiring; loaded by `RaftNode`. */
import { parentPort, workerData } from 'node:worker_threads';
import type { FromLoop, LoopSetup, ToLoop } from './messages.js';
import { RaftLoop } from './raft-loop.js';

const post = (messages: readonly FromLoop[]): void => parentPort?.postMessage(messages);
try {
  const loop = await RaftLoop.start(workerData as LoopSetup, post);
  parentPort?.on('message', (messages: readonly ToLoop[]) => {
    for (const message of messages) loop.receive(message);
    if (messages.some(({ kind }) => kind === 'stop')) parentPort?.close();
  });
} catch (error) {
  post([{ kind: 'failed', text: error instanceof Error ? error.message : String(error) }]);
}
