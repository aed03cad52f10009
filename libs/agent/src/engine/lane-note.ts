/**
 * Says which lane takes beats: one line in the log per change, not per beat; a slow answer to an earlier beat changes nothing any more.
 * A lane that comes and goes is told once a minute; one that stays lost is told then.
 */
import type { LogLevel } from './messages.js';
import { QUIET_MS } from './told-rarely.js';

export const LANE_CODES = { none: 0, bus: 1, direct: 2 } as const;
export type LaneInUse = keyof typeof LANE_CODES;

export interface LaneNoteOptions {
  readonly log: (level: LogLevel, facts: object, message: string) => void;
  readonly onChange: (lane: LaneInUse) => void;
}

export class LaneNote {
  private before: LaneInUse | 'unknown' = 'unknown';
  private told: LaneInUse | 'unknown' = 'unknown';
  private hasBus = false;
  private notedMonoMs = Number.NEGATIVE_INFINITY;
  private readonly warnedMonoMs = new Map<LaneInUse, number>();

  constructor(private readonly options: LaneNoteOptions) {}

  /** `beat` is the one whose fate tells. */
  note(lane: LaneInUse, reason: string, beat: { readonly sentMonoMs: number }): void {
    if (beat.sentMonoMs < this.notedMonoMs) return;
    this.notedMonoMs = beat.sentMonoMs;
    this.tell(lane, reason, beat.sentMonoMs);
    if (lane === this.before) return;
    this.before = lane;
    this.options.onChange(lane);
  }

  private tell(lane: LaneInUse, reason: string, nowMonoMs: number): void {
    if (lane === this.told) return;
    const isWarning = lane === 'none' || (lane === 'direct' && this.hasBus);
    if (isWarning && nowMonoMs - (this.warnedMonoMs.get(lane) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) return;
    if (isWarning) this.warnedMonoMs.set(lane, nowMonoMs);
    const facts = { lane, before: this.told, reason };
    const { log } = this.options;
    this.told = lane;
    switch (lane) {
      case 'bus':
        log('info', facts, this.hasBus ? 'beating through the bus again' : 'beating through the bus');
        this.hasBus = true;
        return;
      case 'direct':
        if (this.hasBus) log('warn', facts, `beats do not get onto the bus (${reason}): beating straight to the coordinators`);
        else log('info', facts, 'beating straight to the coordinators');
        return;
      case 'none':
        log('warn', facts, 'no lane takes beats: the cluster will not hear of this node until one does');
    }
  }
}
