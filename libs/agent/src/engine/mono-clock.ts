/** Milliseconds on the host's monotonic clock. One clock for all threads of a process, which `performance.now()` is not. */
export const monoMs = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;
