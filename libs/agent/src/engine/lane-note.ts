/** Says which lane takes beats: one line in the log per change, not per beat; a slow answer to an earlier beat changes nothing any more. */
import type { LogLevel } from './messages.js';

export const LANE_CODES = { none: 0, bus: 1, direct: 2 } as const;
export type LaneInUse = keyof typeof LANE_CODES;

export interface LaneNoteOptions {
  readonly log: (level: LogLevel, facts: object, message: string) => void;
  readonly onChange: (lane: LaneInUse) => void;
}

export class LaneNote {
  private before: LaneInUse | 'unknown' = 'unknown';
  private hasBus = false;
  private notedMonoMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: LaneNoteOptions) {}

  /** `beat` is the one whose fate tells. */
  note(lane: LaneInUse, reason: string, beat: { readonly sentMonoMs: number }): void {
    if (beat.sentMonoMs < this.notedMonoMs) return;
    this.notedMonoMs = beat.sentMonoMs;
    if (lane === this.before) return;
    const facts = { lane, before: this.before, reason };
    const { log, onChange } = this.options;
    switch (lane) {
      case 'bus':
        log('info', facts, this.hasBus ? 'beating through the bus again' : 'beating through the bus');
        this.hasBus = true;
        break;
      case 'direct':
        if (this.hasBus) log('warn', facts, `beats do not get onto the bus (${reason}): beating straight to the coordinators`);
        else log('info', facts, 'beating straight to the coordinators');
        break;
      case 'none':
        log('warn', facts, 'no lane takes beats: the cluster will not hear of this node until one does');
        break;
    }
    this.before = lane;
    onChange(lane);
  }
}
