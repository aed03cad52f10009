/**
 * Loaded before the program of every child of `muster up` (`node --import`): when the parent is gone, however it went,
 * the kernel closes our stdin, and the child stops as if it had been asked to. Without this a `kill -9` of `muster up`
 * would leave a cluster that nobody owns.
 */

/** Longer than any service takes to stop by itself. Milliseconds. */
const STOP_MS_MAX = 12_000;

const stop = (): void => {
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), STOP_MS_MAX).unref();
  process.kill(process.pid, 'SIGTERM');
};

process.stdin.once('end', stop);
process.stdin.once('error', stop);
process.stdin.resume();
// Watching must not keep a program alive that is done. The stream is a pipe here, which has `unref`.
if ('unref' in process.stdin && typeof process.stdin.unref === 'function') process.stdin.unref();
