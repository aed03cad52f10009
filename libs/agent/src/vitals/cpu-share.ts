/**
 * Turns two readings of CPU counters into the share that was used between them.
 *
 * Pure: the readings are taken by the vitals probe.
 */
import type { CpuInfo } from 'node:os';

/** Time that all cores together were busy, and in all. Any unit, growing. */
export interface CpuTimes {
  readonly busy: number;
  readonly total: number;
}

/**
 * Sum over all cores out of `/proc/stat`; null when its first line is not there. Waiting for a disk is idle, stolen
 * time (taken by the hypervisor) is busy: it was not there for us.
 */
export function cpuTimesOfProcStat(text: string): CpuTimes | null {
  const fields = /^cpu +(.+)$/m.exec(text)?.[1]?.trim().split(/\s+/).map(Number);
  // user nice system idle iowait irq softirq steal; guest time is already part of user.
  const [user, nice, system, idle, ioWait = 0, irq = 0, softIrq = 0, steal = 0] = fields ?? [];
  if (user === undefined || nice === undefined || system === undefined || idle === undefined) return null;
  const busy = user + nice + system + irq + softIrq + steal;
  return Number.isFinite(busy + idle + ioWait) ? { busy, total: busy + idle + ioWait } : null;
}

/** The same where there is no `/proc`. */
export function cpuTimesOf(cpus: readonly CpuInfo[]): CpuTimes {
  let busy = 0;
  let idle = 0;
  for (const { times } of cpus) {
    busy += times.user + times.nice + times.sys + times.irq;
    idle += times.idle;
  }
  return { busy, total: busy + idle };
}

/** Share of all cores that was busy between two readings. 0..1; 0 when no time passed. */
export function hostShare(before: CpuTimes, after: CpuTimes): number {
  return ratio(after.busy - before.busy, after.total - before.total);
}

/** Share of `cores` that the process used: CPU time in microseconds over wall time in milliseconds. 0..1. */
export function processShare(used: { readonly cpuMicros: number; readonly elapsedMs: number; readonly cores: number }): number {
  return ratio(used.cpuMicros / 1000, used.elapsedMs * used.cores);
}

/** Clamped to 0..1, because counters of different clocks may disagree by a tick. */
export function ratio(part: number, whole: number): number {
  return whole > 0 ? Math.min(1, Math.max(0, part / whole)) : 0;
}
