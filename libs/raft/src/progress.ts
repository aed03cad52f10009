/**
 * What a leader knows of one follower, and how fast it may send to it.
 *
 * `probe`: one message at a time until the logs are known to agree. `replicate`: a window of messages ahead of their answers.
 * `snapshot`: the entries it needs are gone, so it gets the snapshot, a piece at a time.
 */
import type { Snapshot } from './types.js';

export type ProgressState = 'probe' | 'replicate' | 'snapshot';

interface InFlight {
  readonly lastIndex: number;
  readonly bytes: number;
}

export interface WindowLimits {
  /** Messages that may be unanswered. Count, >= 1. */
  readonly messagesMax: number;
  /** Bytes that may be unanswered. */
  readonly bytesMax: number;
}

export class Progress {
  state: ProgressState = 'probe';
  /** Highest index that is known to be durable there. */
  match = 0;
  /** Next index to send. */
  next: number;
  /** Heard of since the last look at the quorum. */
  isActive = false;
  /** Tick at which the last message of it came. */
  heardAtTick = 0;
  /** Latest round of heartbeats that it answered. */
  round = 0;
  /** The snapshot that is being sent, held until it arrived, its checksum, and how many bytes of it did. */
  snapshot: Snapshot | null = null;
  snapshotChecksum = 0;
  snapshotOffset = 0;
  /** Tick at which the last piece of it was sent. */
  sentAtTick = 0;
  private isWaiting = false;
  private inFlight: InFlight[] = [];
  private inFlightBytes = 0;

  constructor(
    next: number,
    private readonly limits: WindowLimits,
  ) {
    this.next = next;
  }

  /** True while nothing more should be sent before an answer comes. */
  get isPaused(): boolean {
    switch (this.state) {
      case 'probe':
      case 'snapshot':
        return this.isWaiting;
      case 'replicate':
        return this.inFlight.length >= this.limits.messagesMax || this.inFlightBytes >= this.limits.bytesMax;
    }
  }

  /** An append with entries up to `lastIndex` was sent. */
  sent(lastIndex: number, bytes: number): void {
    if (this.state !== 'replicate') {
      this.isWaiting = true;
      return;
    }
    this.next = lastIndex + 1;
    this.inFlight.push({ lastIndex, bytes });
    this.inFlightBytes += bytes;
  }

  /** A sign of life: what was sent before may be lost, so one more may be tried. */
  resume(): void {
    this.isWaiting = false;
  }

  wait(): void {
    this.isWaiting = true;
  }

  /** A window that is full of lost messages would stand still for ever: the oldest makes room. */
  freeOldest(): void {
    if (this.state === 'replicate' && this.isPaused) this.free(this.inFlight[0]?.lastIndex ?? 0);
  }

  /** It has everything up to `index`. False when that is no news. */
  matched(index: number): boolean {
    this.free(index);
    this.next = Math.max(this.next, index + 1);
    const isNews = index > this.match;
    if (isNews) this.match = index;
    if (this.state === 'probe' || (this.state === 'snapshot' && this.match >= (this.snapshot?.index ?? 0))) this.become('replicate');
    return isNews;
  }

  /** Its log does not fit before `rejectedIndex`; it may at `hintIndex`. False when the answer is an old one. */
  rejected(rejectedIndex: number, hintIndex: number): boolean {
    if (this.state === 'replicate') {
      if (rejectedIndex <= this.match) return false;
      this.become('probe');
      return true;
    }
    if (this.state === 'snapshot' || this.next - 1 !== rejectedIndex) return false;
    this.next = Math.max(this.match + 1, Math.min(rejectedIndex, hintIndex + 1));
    this.isWaiting = false;
    return true;
  }

  become(state: ProgressState): void {
    this.state = state;
    this.isWaiting = false;
    this.inFlight = [];
    this.inFlightBytes = 0;
    if (state !== 'snapshot') this.snapshot = null;
    if (state !== 'snapshot') this.next = this.match + 1;
  }

  private free(upTo: number): void {
    let count = 0;
    for (const sent of this.inFlight) {
      if (sent.lastIndex > upTo) break;
      this.inFlightBytes -= sent.bytes;
      count += 1;
    }
    if (count > 0) this.inFlight.splice(0, count);
  }
}
