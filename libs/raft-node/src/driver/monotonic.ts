/** One clock for all threads of a process: each thread's `performance.now()` begins when that thread did. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
