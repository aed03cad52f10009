/**
 * The detectors of all nodes, with one answer to "when must I look next?" and one place for doubting ourselves.
 *
 * Time that we did not observe (loop stopped, bus away) is excused for every node at once: a short absence shifts all deadlines
 * by its length, a long one gives every node a full deadline from now. Neither gives anybody more than that.
 */
import type { DetectorConfig } from './config.js';
import { type BeatTiming, HeartbeatDetector, type Stage } from './heartbeat-detector.js';

export interface Reading {
  readonly stage: Stage;
  /** 0..300, for display. */
  readonly phi: number;
  /** Observed time since the last sign of life. Milliseconds, >= 0. */
  readonly silenceMs: number;
  /** 0 is a perfect rhythm. */
  readonly irregularity: number;
  readonly isBeatOverdue: boolean;
}

export class DetectorSet {
  private readonly detectors = new Map<string, HeartbeatDetector>();
  /** Time that we did not observe. Everything inside is on the clock `nowMs - absentMs`. */
  private absentMs = 0;
  /** Silence counts from here at the earliest, on the inner clock. */
  private floorMs = -Infinity;

  constructor(private readonly config: DetectorConfig) {}

  /** Watches a node from now on, with nothing learnt; a detector that it had is gone. */
  watch(nodeId: string, start: { readonly intervalMs: number; readonly nowMs: number }): void {
    this.detectors.set(nodeId, new HeartbeatDetector(this.config, { ...start, nowMs: start.nowMs - this.absentMs }));
  }

  /** See `HeartbeatDetector.heartbeat`. False as well for a node that is not watched. */
  heartbeat(nodeId: string, beat: BeatTiming, arrivedCount: number, nowMs: number): boolean {
    return this.detectors.get(nodeId)?.heartbeat(beat, arrivedCount, nowMs - this.absentMs) ?? false;
  }

  answered(nodeId: string, nowMs: number): void {
    this.detectors.get(nodeId)?.answered(nowMs - this.absentMs);
  }

  forget(nodeId: string): void {
    this.detectors.delete(nodeId);
  }

  /** Tells that the last `unobservedMs` before `nowMs` were not observed. Absences from `graceFromMs` on give a full deadline. */
  excuse(nowMs: number, unobservedMs: number, graceFromMs: number): void {
    if (unobservedMs <= 0) return;
    if (unobservedMs >= graceFromMs) {
      this.floorMs = nowMs - this.absentMs;
      return;
    }
    this.absentMs += unobservedMs;
    const innerMs = nowMs - this.absentMs;
    this.floorMs = Math.min(this.floorMs, innerMs);
    // Beats may have come by another lane, or waited to be read, while we were away.
    for (const detector of this.detectors.values()) detector.notAfter(innerMs);
  }

  /** The earliest time at which any stage changes by silence alone; null when none can. One pass over the nodes. */
  nextDeadlineMs(nowMs: number): number | null {
    let earliestMs = Infinity;
    for (const detector of this.detectors.values()) {
      const deadlineMs = detector.nextDeadlineMs(nowMs - this.absentMs, this.floorMs);
      if (deadlineMs !== null && deadlineMs < earliestMs) earliestMs = deadlineMs;
    }
    return earliestMs === Infinity ? null : earliestMs + this.absentMs;
  }

  /** The time at which the stage of one node changes by silence alone; null when it does not. */
  deadlineMs(nodeId: string, nowMs: number): number | null {
    const deadlineMs = this.detectors.get(nodeId)?.nextDeadlineMs(nowMs - this.absentMs, this.floorMs) ?? null;
    return deadlineMs === null ? null : deadlineMs + this.absentMs;
  }

  /** Nodes whose beats are overdue, whether or not they answer otherwise. */
  overdue(nowMs: number): string[] {
    const innerMs = nowMs - this.absentMs;
    const found: string[] = [];
    for (const [nodeId, detector] of this.detectors) {
      if (detector.isBeatOverdue(innerMs, this.floorMs)) found.push(nodeId);
    }
    return found;
  }

  reading(nodeId: string, nowMs: number): Reading | null {
    const detector = this.detectors.get(nodeId);
    if (detector === undefined) return null;
    const innerMs = nowMs - this.absentMs;
    return {
      stage: detector.stage(innerMs, this.floorMs),
      phi: detector.phi(innerMs, this.floorMs),
      silenceMs: Math.max(0, innerMs - Math.max(detector.heardAtMs, this.floorMs)),
      irregularity: detector.irregularity(),
      isBeatOverdue: detector.isBeatOverdue(innerMs, this.floorMs),
    };
  }

  has(nodeId: string): boolean {
    return this.detectors.has(nodeId);
  }
}
