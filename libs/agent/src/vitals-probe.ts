/**
 * Measures how the process and its host are doing since the last beat.
 *
 * Measuring only: what is good or bad is decided by the health score.
 */
import { cpus } from 'node:os';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { Vitals } from '@muster/contracts';
import { type CpuTimes, cpuTimesOf, cpuTimesOfProcStat, hostShare, processShare, ratio } from './cpu-share.js';
import type { HostLimits } from './host-limits.js';

/** How often the event loop is looked at. Milliseconds. Finer costs more wake-ups. */
const LOOP_RESOLUTION_MS = 20;
/** A reading over less time than this is noise; the one before is given again. Milliseconds. */
const WINDOW_MS_MIN = 10;

export type MeasuredVitals = Pick<Vitals, 'cpuProcess' | 'cpuHost' | 'memory' | 'eventLoopDelayMs'>;

export class VitalsProbe {
  private readonly loopDelay: IntervalHistogram = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  private hostBefore: CpuTimes;
  private processBefore = process.cpuUsage();
  private readAtMs = performance.now();
  private latest: MeasuredVitals | null = null;

  constructor(private readonly limits: HostLimits) {
    this.hostBefore = this.hostTimes();
    this.loopDelay.enable();
  }

  /**
   * Readings since the last call; begins a new window. `lateMs` is how late the caller's own timer was: a delay that
   * ends with this very call is not in the histogram yet, and resetting that would lose it.
   */
  read(lateMs = 0): MeasuredVitals {
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
      eventLoopDelayMs: Math.max(lateMs, this.loopDelayMs()),
    });
    this.hostBefore = host;
    this.processBefore = used;
    this.readAtMs = nowMs;
    this.loopDelay.reset();
    return this.latest;
  }

  close(): void {
    this.loopDelay.disable();
  }

  /** The histogram holds the whole gap between two looks, the planned pause included. */
  private loopDelayMs(): number {
    if (this.loopDelay.count === 0) return 0;
    return Math.max(0, this.loopDelay.percentile(99) / 1e6 - LOOP_RESOLUTION_MS);
  }

  /** `os.cpus()` opens several files per core and is kept for systems without `/proc`. */
  private hostTimes(): CpuTimes {
    return cpuTimesOfProcStat(this.limits.read('proc/stat') ?? '') ?? cpuTimesOf(cpus());
  }
}

/** Three decimals are more than the readings are good for, and a beat is read by people too. */
function rounded(vitals: MeasuredVitals): MeasuredVitals {
  const round = (value: number): number => Math.round(value * 1000) / 1000;
  return { cpuProcess: round(vitals.cpuProcess), cpuHost: round(vitals.cpuHost), memory: round(vitals.memory), eventLoopDelayMs: round(vitals.eventLoopDelayMs) };
}
