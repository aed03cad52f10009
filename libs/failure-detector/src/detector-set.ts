/**
 * The detectors of all nodes: beats in; stages, φ and one answer to "when must I look next?" out.
 *
 * Gaps are measured on the sender's clock, silence on ours (`nowMs`, monotonic), from when the beat was made as far as can be told.
 * Time that we did not observe (loop stopped, bus away) is excused, for all nodes or for those of one heartbeat partition. There are two
 * measures of silence. Suspicion starts anew after a real absence of ours; the long limit only leaves out what was not observed, so that
 * an observer that is often away still comes to a verdict.
 *
 * Knows silence only: other evidence is the caller's business. A node is a slot in columns of numbers: a beat allocates nothing, moves
 * nothing and passes over nobody. Where `nowMs` is said to go forward only, a later call must not name an earlier time.
 */
import type { Beat } from '@muster/contracts';
import type { DetectorConfig } from './config.js';
import { DeadlineHeap } from './deadline-heap.js';
import { grown } from './grown.js';
import { LeastDelays } from './least-delays.js';
import { Rhythms } from './rhythms.js';

/** `late`: worth a look, no more. `overdue`: past the φ deadline. `silent`: silent for so long that it is a verdict. */
export type Stage = 'alive' | 'late' | 'overdue' | 'silent';

export type BeatTiming = Pick<Beat, 'seq' | 'sentMonoMs' | 'intervalMs'>;

export interface Reading {
  /** By the last sign of life, be it a beat or an answer. */
  readonly stage: Stage;
  /** Suspicion from the absence of beats. 0..300, for display. */
  readonly phi: number;
  /** Observed time since the last sign of life. Milliseconds, >= 0. */
  readonly silenceMs: number;
  /** 0 is a perfect rhythm. */
  readonly irregularity: number;
  /** No beat for so long that it is worth a look, or suspect, even if the node answers otherwise. */
  readonly isBeatLate: boolean;
  readonly isBeatOverdue: boolean;
}

/** What is believed of a node's rhythm, for people. Milliseconds. */
export interface Rhythm {
  readonly intervalMs: number;
  readonly gapMeanMs: number;
  readonly gapDeviationMs: number;
  readonly lateAfterMs: number;
  readonly suspectAfterMs: number;
  readonly silentAfterMs: number;
}

/** A beat is dated back by at most this share of the patience: however far behind we are with reading, a node is not suspect while its beats come. */
const QUEUED_SHARE_MAX = 0.5;
const UNKNOWN_PARTITION = -1;
const ABSENT = -1;

const SEQ = 0;
const SENT = 1;
/** When the last beat was made; suspicion of its absence counts from here. */
const BEAT = 2;
/** When the last sign of life was given; suspicion counts from here. */
const HEARD = 3;
/** The same for the long limit: moved by what was not observed and no more. Never after `HEARD`. */
const OBSERVED = 4;
/** How much longer than the fastest of late the last beat was under way. */
const UNDERWAY = 5;
const STRIDE = 6;

export class DetectorSet {
  private readonly slots = new Map<string, number>();
  /** The node that was asked about last, and where it is: most questions about one node come together. */
  private lastNodeId = '';
  private lastSlot: number | undefined;
  private readonly nodeIds: string[] = [];
  private readonly free: number[] = [];
  private readonly rhythms: Rhythms;
  private readonly delays = new LeastDelays();
  private readonly due = new DeadlineHeap();
  private columns = new Float64Array(0);
  private partitions = new Int32Array(0);
  /** Slots that were found late, and where each stands in that list. Some beat again since. */
  private readonly lateSlots: number[] = [];
  private latePlace = new Int32Array(0);

  constructor(config: DetectorConfig) {
    this.rhythms = new Rhythms(config);
  }

  /** Watches a node from now on, as if it was heard just now, with nothing learnt; what was known of it is gone. */
  watch(nodeId: string, start: { readonly intervalMs: number; readonly nowMs: number }): void {
    const slot = this.slotOf(nodeId) ?? this.take(nodeId);
    this.columns.fill(start.nowMs, slot * STRIDE, (slot + 1) * STRIDE);
    this.columns[slot * STRIDE + SEQ] = 0;
    this.columns[slot * STRIDE + UNDERWAY] = 0;
    this.partitions[slot] = UNKNOWN_PARTITION;
    this.rhythms.seed(slot, start.intervalMs);
    this.delays.clear(slot);
    this.due.set(slot, start.nowMs + this.rhythms.lateAfterMs(slot));
  }

  /**
   * Notes the newest of the beats of one node that arrived together; `arrivedCount` of them are new, and share the gap since the last.
   * `partition` is the heartbeat partition it came by; without one, what is known stays. False when the node is not watched or the
   * beat is not newer than what is known: then nothing changes.
   */
  heartbeat(nodeId: string, beat: BeatTiming, arrivedCount: number, nowMs: number, partition?: number): boolean {
    const slot = this.slotOf(nodeId);
    if (slot === undefined) return false;
    const { columns, rhythms } = this;
    const at = slot * STRIDE;
    const lastSeq = columns[at + SEQ]!;
    if (beat.seq <= lastSeq) return false;
    const sentGapMs = beat.sentMonoMs - columns[at + SENT]!;
    if (beat.intervalMs !== rhythms.intervalMs(slot)) rhythms.seed(slot, beat.intervalMs);
    // A beat that came before by another lane may be counted again, but no more beats are new than were made.
    else if (lastSeq > 0) rhythms.learn(slot, sentGapMs / Math.min(Math.max(1, arrivedCount), beat.seq - lastSeq));
    if (lastSeq > 0 && sentGapMs < 0) this.delays.clear(slot);
    columns[at + UNDERWAY] = this.delays.note(slot, nowMs - beat.sentMonoMs);
    const queuedMs = Math.min(columns[at + UNDERWAY]!, QUEUED_SHARE_MAX * rhythms.suspectAfterMs(slot));
    columns[at + SEQ] = beat.seq;
    columns[at + SENT] = beat.sentMonoMs;
    columns[at + BEAT] = Math.max(columns[at + BEAT]!, nowMs - queuedMs);
    this.hear(slot, nowMs - queuedMs);
    if (partition !== undefined) this.partitions[slot] = partition;
    this.noLaterThan(slot, columns[at + BEAT]! + rhythms.lateAfterMs(slot));
    return true;
  }

  /** Notes a sign of life that is not a beat, such as an answered probe: ends the silence, teaches nothing. */
  answered(nodeId: string, nowMs: number): void {
    const slot = this.slotOf(nodeId);
    if (slot === undefined) return;
    this.hear(slot, nowMs);
    this.noLaterThan(slot, this.columns[slot * STRIDE + HEARD]! + this.rhythms.lateAfterMs(slot));
  }

  forget(nodeId: string): void {
    const slot = this.slotOf(nodeId);
    if (slot === undefined) return;
    this.due.remove(slot);
    this.noteInTime(slot);
    this.slots.delete(nodeId);
    this.lastNodeId = nodeId;
    this.lastSlot = undefined;
    this.nodeIds[slot] = '';
    this.free.push(slot);
  }

  /**
   * Tells that the last `unobservedMs` before `nowMs` were not observed, and were not excused yet. Absences from `graceFromMs` on give a
   * full deadline from now; shorter ones move deadlines by their length, and neither gives more than that. With a `partition`, only nodes
   * that beat through it were not observed, and those of whom that is not known. One pass over the nodes.
   */
  excuse(nowMs: number, unobservedMs: number, graceFromMs: number, partition?: number): void {
    if (!(unobservedMs > 0)) return;
    const { columns, partitions } = this;
    const movedMs = unobservedMs >= graceFromMs ? Infinity : unobservedMs;
    for (const slot of this.slots.values()) {
      if (partition !== undefined && partitions[slot] !== partition && partitions[slot] !== UNKNOWN_PARTITION) continue;
      const at = slot * STRIDE;
      columns[at + BEAT] = Math.min(nowMs, columns[at + BEAT]! + movedMs);
      columns[at + HEARD] = Math.min(nowMs, columns[at + HEARD]! + movedMs);
      columns[at + OBSERVED] = Math.min(nowMs, columns[at + OBSERVED]! + unobservedMs);
      this.noLaterThan(slot, this.nextMs(slot, nowMs));
    }
  }

  /** The earliest time at which anything changes by silence alone: a stage, or that a beat is late or overdue; null when nothing can. `nowMs` goes forward only. */
  nextDeadlineMs(nowMs: number): number | null {
    this.findLate(nowMs);
    for (let slot = this.due.first(); slot !== ABSENT; slot = this.due.first()) {
      const heldMs = this.due.dueMs(slot);
      const trueMs = this.nextMs(slot, nowMs);
      if (trueMs <= heldMs) return heldMs === Infinity ? null : heldMs;
      this.due.set(slot, trueMs);
    }
    return null;
  }

  /** The same for one node. */
  deadlineMs(nodeId: string, nowMs: number): number | null {
    const slot = this.slotOf(nodeId);
    const atMs = slot === undefined ? Infinity : this.nextMs(slot, nowMs);
    return atMs === Infinity ? null : atMs;
  }

  /** Nodes whose beats are late, whether or not they answer otherwise. Costs as much as there are. `nowMs` goes forward only. */
  late(nowMs: number): string[] {
    this.findLate(nowMs);
    const found: string[] = [];
    for (let place = this.lateSlots.length - 1; place >= 0; place--) {
      const slot = this.lateSlots[place]!;
      if (this.isBeatLate(slot, nowMs)) found.push(this.nodeIds[slot]!);
      else this.noteInTime(slot);
    }
    return found;
  }

  /** Those of the late ones whose beats are past the φ deadline. */
  overdue(nowMs: number): string[] {
    return this.late(nowMs).filter((nodeId) => this.isBeatOverdue(this.slotOf(nodeId)!, nowMs));
  }

  /** By the last sign of life, be it a beat or an answer; null for a node that is not watched. */
  stage(nodeId: string, nowMs: number): Stage | null {
    const slot = this.slotOf(nodeId);
    return slot === undefined ? null : this.stageOf(slot, nowMs);
  }

  /** Whether its beats are late, whether or not it answers otherwise. */
  isLate(nodeId: string, nowMs: number): boolean {
    const slot = this.slotOf(nodeId);
    return slot !== undefined && this.isBeatLate(slot, nowMs);
  }

  reading(nodeId: string, nowMs: number): Reading | null {
    const slot = this.slotOf(nodeId);
    if (slot === undefined) return null;
    const at = slot * STRIDE;
    return {
      stage: this.stageOf(slot, nowMs),
      phi: this.rhythms.phi(slot, nowMs - this.columns[at + BEAT]!),
      silenceMs: Math.max(0, nowMs - this.columns[at + OBSERVED]!),
      irregularity: this.rhythms.irregularity(slot),
      isBeatLate: this.isBeatLate(slot, nowMs),
      isBeatOverdue: this.isBeatOverdue(slot, nowMs),
    };
  }

  /** How much longer than usual its last beat was under way, as far as can be told. Milliseconds; 0 for a node that is not watched. */
  underwayMs(nodeId: string): number {
    const slot = this.slotOf(nodeId);
    return slot === undefined ? 0 : this.columns[slot * STRIDE + UNDERWAY]!;
  }

  /** What is believed of a node's rhythm, for people. */
  rhythm(nodeId: string): Rhythm | null {
    const slot = this.slotOf(nodeId);
    if (slot === undefined) return null;
    const { rhythms } = this;
    return {
      intervalMs: rhythms.intervalMs(slot),
      gapMeanMs: rhythms.gapMeanMs(slot),
      gapDeviationMs: rhythms.gapDeviationMs(slot),
      lateAfterMs: rhythms.lateAfterMs(slot),
      suspectAfterMs: rhythms.suspectAfterMs(slot),
      silentAfterMs: rhythms.silentAfterMs(slot),
    };
  }

  /** φ that a silence of this length would have, for display. 0..300; null for a node that is not watched. */
  phiAt(nodeId: string, silenceMs: number): number | null {
    const slot = this.slotOf(nodeId);
    return slot === undefined ? null : this.rhythms.phi(slot, silenceMs);
  }

  has(nodeId: string): boolean {
    return this.slotOf(nodeId) !== undefined;
  }

  get size(): number {
    return this.slots.size;
  }

  private slotOf(nodeId: string): number | undefined {
    if (nodeId === this.lastNodeId) return this.lastSlot;
    this.lastNodeId = nodeId;
    return (this.lastSlot = this.slots.get(nodeId));
  }

  private take(nodeId: string): number {
    const slot = this.free.pop() ?? this.nodeIds.length;
    if (slot >= this.partitions.length) this.reserve(Math.max(64, Math.ceil(1.5 * slot)));
    this.slots.set(nodeId, slot);
    this.nodeIds[slot] = nodeId;
    this.lastNodeId = nodeId;
    this.lastSlot = slot;
    return slot;
  }

  private reserve(count: number): void {
    const before = this.latePlace.length;
    this.columns = grown(this.columns, count * STRIDE);
    this.partitions = grown(this.partitions, count);
    this.latePlace = grown(this.latePlace, count);
    this.latePlace.fill(ABSENT, before);
    this.rhythms.reserve(count);
    this.delays.reserve(count);
    this.due.reserve(count);
  }

  private hear(slot: number, atMs: number): void {
    const { columns } = this;
    const at = slot * STRIDE;
    columns[at + HEARD] = Math.max(columns[at + HEARD]!, atMs);
    columns[at + OBSERVED] = Math.max(columns[at + OBSERVED]!, atMs);
  }

  /** Times are compared as sums, here as in `nextMs`: a difference would round otherwise, and a deadline could pass without a change. */
  private stageOf(slot: number, nowMs: number): Stage {
    if (nowMs >= this.silentAtMs(slot)) return 'silent';
    const heardMs = this.columns[slot * STRIDE + HEARD]!;
    if (nowMs >= heardMs + this.rhythms.suspectAfterMs(slot)) return 'overdue';
    return nowMs >= heardMs + this.rhythms.lateAfterMs(slot) ? 'late' : 'alive';
  }

  /** After an absence of ours a node has a full deadline to be heard, even if it was silent for nearly long enough before; but not again and again. */
  private silentAtMs(slot: number): number {
    const suspectMs = this.rhythms.suspectAfterMs(slot);
    const limitMs = this.columns[slot * STRIDE + OBSERVED]! + this.rhythms.silentAfterMs(slot);
    return Math.min(Math.max(limitMs, this.columns[slot * STRIDE + HEARD]! + suspectMs), limitMs + suspectMs);
  }

  /** When silence alone would next change anything; Infinity when nothing can. */
  private nextMs(slot: number, nowMs: number): number {
    const beatMs = this.columns[slot * STRIDE + BEAT]!;
    const heardMs = this.columns[slot * STRIDE + HEARD]!;
    const lateMs = this.rhythms.lateAfterMs(slot);
    const suspectMs = this.rhythms.suspectAfterMs(slot);
    let nextMs = Infinity;
    const silentAtMs = this.silentAtMs(slot);
    if (silentAtMs > nowMs) nextMs = silentAtMs;
    if (heardMs + suspectMs > nowMs) nextMs = Math.min(nextMs, heardMs + suspectMs);
    if (heardMs + lateMs > nowMs) nextMs = Math.min(nextMs, heardMs + lateMs);
    if (beatMs + suspectMs > nowMs) nextMs = Math.min(nextMs, beatMs + suspectMs);
    if (beatMs + lateMs > nowMs) nextMs = Math.min(nextMs, beatMs + lateMs);
    return nextMs;
  }

  private isBeatLate(slot: number, nowMs: number): boolean {
    return nowMs >= this.columns[slot * STRIDE + BEAT]! + this.rhythms.lateAfterMs(slot);
  }

  private isBeatOverdue(slot: number, nowMs: number): boolean {
    return nowMs >= this.columns[slot * STRIDE + BEAT]! + this.rhythms.suspectAfterMs(slot);
  }

  /** A deadline that came nearer must be told at once; one that moved away is found when its old time comes. */
  private noLaterThan(slot: number, atMs: number): void {
    if (atMs < this.due.dueMs(slot)) this.due.set(slot, atMs);
  }

  /** Looks at the slots whose time has come, and notes those that are late. */
  private findLate(nowMs: number): void {
    for (let slot = this.due.first(); slot !== ABSENT && this.due.dueMs(slot) <= nowMs; slot = this.due.first()) {
      if (this.isBeatLate(slot, nowMs) && this.latePlace[slot] === ABSENT) this.latePlace[slot] = this.lateSlots.push(slot) - 1;
      this.due.set(slot, this.nextMs(slot, nowMs));
    }
  }

  private noteInTime(slot: number): void {
    const place = this.latePlace[slot]!;
    if (place === ABSENT) return;
    this.latePlace[slot] = ABSENT;
    const last = this.lateSlots.pop()!;
    if (last === slot) return;
    this.lateSlots[place] = last;
    this.latePlace[last] = place;
  }
}
