/**
 * Measures how the process and its host are doing since the last beat; the same from whatever thread it is read.
 *
 * Measuring only: what is good or bad is decided by the health score.
 */
import { cpus } from 'node:os';
import type { Vitals } from '@muster/contracts';
import { type CpuTimes, cpuTimesOf, cpuTimesOfProcStat, hostShare, processShare, ratio } from './cpu-share.js';
import type { HostLimits } from './host-limits.js';

/** A reading over less time than this is noise; the one before is given again. Milliseconds. */
const WINDOW_MS_MIN = 10;

export type ProcessReadings = Pick<Vitals, 'cpuProcess' | 'cpuHost' | 'memory'>;

export class ProcessVitals {
  private hostBefore: CpuTimes;
  private processBefore = process.cpuUsage();
  private readAtMs = performance.now();
  private latest: ProcessReadings | null = null;

  constructor(private readonly limits: HostLimits) {
    this.hostBefore = this.hostTimes();
  }

  /** Readings since the last call; begins a new window. */
  read(): ProcessReadings {
    const nowMs = performance.now();
    const elapsedMs = nowMs - this.readAtMs;
    if (this.latest !== null && elapsedMs < WINDOW_MS_MIN) return this.latest;
    const used = process.cpuUsage();
    const host = this.hostTimes();
    const memory = this.limits.memory();
    this.latest = rounded({
      cpuProcess: processShare({ cpuMicros: used.user + used.system - this.processBefore.user - this.processBefore.system, elapsedMs, cores: this.limits.cores }),
      cpuHost: hostShare(this.hostBefore, host),
      memory: ratio(memory.usedBytes, memory.limitBytes),
    });
    this.hostBefore = host;
    this.processBefore = used;
    this.readAtMs = nowMs;
    return this.latest;
  }

  /** `os.cpus()` opens several files per core and is kept for systems without `/proc`. */
  private hostTimes(): CpuTimes {
    return cpuTimesOfProcStat(this.limits.read('proc/stat') ?? '') ?? cpuTimesOf(cpus());
  }
}

/** Three decimals are more than the readings are good for, and a beat is read by people too. */
function rounded(vitals: ProcessReadings): ProcessReadings {
  const round = (value: number): number => Math.round(value * 1000) / 1000;
  return { cpuProcess: round(vitals.cpuProcess), cpuHost: round(vitals.cpuHost), memory: round(vitals.memory) };
}
