/** Looks at other members when a coordinator asks, a few at a time, and says how late our own loop was meanwhile: a late one has no opinion. */
import type { ProbeTarget } from '@muster/contracts';
import type { SharedCounters } from '../engine/shared-counters.js';
import type { ProbeFinding } from './probe-finding.js';
import { probe } from './probe.js';
import type { Reach } from './reach.js';

/** Looks at any time; what is asked beyond is not answered. Count. */
const LOOKS_MAX = 16;

export class ProbeDuty {
  private readonly running = new Set<{ lateMs: number }>();

  constructor(
    private readonly shared: SharedCounters,
    /** From where we look: asked each time, because our own address may be known later. */
    private readonly reach: () => Reach,
  ) {}

  /** Null when there is too much to do, or nothing that we may look at. Never rejects. */
  async look(target: ProbeTarget, timeLimitMs: number): Promise<(ProbeFinding & { readonly lateMs: number }) | null> {
    const reach = this.reach();
    const { probeUrl, httpUrl } = reach.within(target);
    if (this.running.size >= LOOKS_MAX || (probeUrl === null && httpUrl === null)) {
      this.shared.add('probesDeclined');
      return null;
    }
    const own = { lateMs: 0 };
    this.running.add(own);
    this.shared.add('probesMade');
    const finding = await probe(target, timeLimitMs, reach);
    this.running.delete(own);
    return { ...finding, lateMs: Math.round(own.lateMs) };
  }

  /** Our own loop came late by so much. */
  noteLate(lateMs: number): void {
    for (const look of this.running) look.lateMs = Math.max(look.lateMs, lateMs);
  }
}
