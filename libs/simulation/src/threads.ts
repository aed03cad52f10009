/** Work on several threads: each takes the next task when it is done with one. Results come in the order in which they are ready. */
import { Worker } from 'node:worker_threads';

export async function runThreads<Task, Result>(entry: URL, jobs: number, next: () => Task | null, done: (result: Result) => void): Promise<void> {
  await Promise.all(Array.from({ length: jobs }, () => runThread(entry, next, done)));
}

function runThread<Task, Result>(entry: URL, next: () => Task | null, done: (result: Result) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(entry);
    const give = (): void => {
      const task = next();
      if (task === null) void thread.terminate().then(() => resolve(), reject);
      else thread.postMessage(task);
    };
    thread.on('message', (result: Result) => {
      done(result);
      give();
    });
    thread.on('error', reject);
    give();
  });
}
