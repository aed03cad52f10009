/**
 * Which lane each beat takes: through the main thread onto the bus, and by the direct lanes when that is not confirmed in time.
 *
 * A main loop that stands still is not waited for, and at most a few beats lie before it.
 */
import type { Beat, BeatResult } from '@muster/contracts';
import type { DirectLanes } from '../lane/direct-lanes.js';
import { LaneNote } from './lane-note.js';
import { completed, type FromEngine, type MainFacts } from './messages.js';
import { monoMs } from './mono-clock.js';

export interface BeatDeskOptions {
  readonly lanes: Pick<DirectLanes, 'send' | 'isOpen' | 'fault' | 'lastHeardMs'>;
  readonly post: (message: FromEngine) => void;
  readonly note: LaneNote;
  readonly intervalMs: number;
  readonly onSent: () => void;
  readonly onFailed: () => void;
}

/** Beats that may lie before the main thread. Count. */
const UNCONFIRMED_MAX = 3;
/** Carried beats that are remembered until they are answered. Count. */
const CARRIED_MAX = 16;
/** How long the bus may take before a beat goes the other way as well: half an interval, within these. Milliseconds. */
const CONFIRM_MS_MIN = 50;
const CONFIRM_MS_MAX = 2000;
/** A direct lane that carried nothing for so long carries a beat to show that it does. Milliseconds. */
const LANE_CHECK_MS = 5000;

interface Unconfirmed {
  readonly beat: Beat;
  readonly limit: NodeJS.Timeout;
  /** It took too long, and the direct lane has it. */
  isLate: boolean;
}

export class BeatDesk {
  readonly confirmMs: number;
  private readonly unconfirmed = new Map<number, Unconfirmed>();
  /** By sequence number, the newest beats that the direct lane carries, and why the bus does not; null when it was not asked. */
  private readonly carried = new Map<number, string | null>();

  constructor(private readonly options: BeatDeskOptions) {
    this.confirmMs = Math.min(CONFIRM_MS_MAX, Math.max(CONFIRM_MS_MIN, options.intervalMs / 2));
  }

  /** A beat that fell due. `mainLagMs`: how long the main loop has not moved. */
  hand(beat: Beat, dueMonoMs: number): void {
    if (this.unconfirmed.size >= UNCONFIRMED_MAX) return this.carry(beat, `${this.unconfirmed.size} beats wait for the main loop already`);
    if (beat.mainLagMs >= this.confirmMs) return this.carry(beat, 'the main loop stands still');
    const limit = setTimeout(() => {
      waiting.isLate = true;
      this.carry(beat, `the bus took longer than ${this.confirmMs} ms`);
    }, this.confirmMs);
    const waiting: Unconfirmed = { beat, limit, isLate: false };
    this.unconfirmed.set(beat.seq, waiting);
    this.options.post({ kind: 'draft', beat, dueMonoMs });
  }

  /** One that must be known now: it does not wait for the main loop. */
  handAtOnce(beat: Beat): void {
    if (this.options.lanes.isOpen) this.carry(beat, null);
    else this.hand(beat, beat.sentMonoMs);
  }

  /** What became of a beat on the bus; `reason` is null when the bus took it. A word that comes late is no news. */
  confirmed(seq: number, reason: string | null, facts: MainFacts): void {
    const waiting = this.unconfirmed.get(seq);
    if (waiting === undefined) return;
    clearTimeout(waiting.limit);
    this.unconfirmed.delete(seq);
    if (waiting.isLate) return;
    const beat = completed(waiting.beat, facts);
    if (reason !== null) return this.carry(beat, reason);
    const { lanes, note } = this.options;
    note.note('bus', '', beat);
    if (lanes.isOpen && monoMs() - lanes.lastHeardMs > LANE_CHECK_MS) lanes.send(beat);
  }

  /** A coordinator answered a beat on the direct lane. */
  heard(beat: Beat, result: BeatResult): void {
    const reason = this.carried.get(beat.seq);
    if (reason === undefined) return;
    this.forgetBefore(beat.seq + 1);
    if (result.outcome === 'rejected') {
      this.options.onFailed();
      if (reason !== null) this.options.note.note('none', `the coordinator rejected the beat: ${result.reason ?? 'no reason given'}`, beat);
      return;
    }
    this.options.onSent();
    if (reason !== null) this.options.note.note('direct', reason, beat);
  }

  close(): void {
    for (const { limit } of this.unconfirmed.values()) clearTimeout(limit);
    this.unconfirmed.clear();
  }

  private carry(beat: Beat, reason: string | null): void {
    const { lanes, note, onFailed } = this.options;
    this.carried.set(beat.seq, reason);
    if (this.carried.size > CARRIED_MAX) this.forgetBefore(beat.seq);
    if (!lanes.isOpen) {
      onFailed();
      note.note('none', `${reason ?? 'it could not wait'}; ${lanes.fault}`, beat);
    }
    lanes.send(beat);
  }

  /** Answers come in order: what is older was overtaken. */
  private forgetBefore(seq: number): void {
    for (const earlier of this.carried.keys()) if (earlier < seq) this.carried.delete(earlier);
  }
}
