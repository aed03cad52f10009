/** The machine a number was measured on; a number without it means nothing. */
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';

export function machineConditions(): Record<string, string | number> {
  return {
    cpu: `${availableParallelism()} x ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: process.version,
    'load before': loadavg()[0]!.toFixed(2),
  };
}
