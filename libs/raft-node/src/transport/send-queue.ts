/**
 * What waits to be sent to one peer: small messages overtake large ones, and neither may grow without end.
 *
 * Raft bears loss, so that what has no room is lost and counted: the newest of the large ones (an older append has to come first anyway),
 * the oldest of the small ones (a newer heartbeat says more).
 */
import type { Message } from '@muster/raft';

export interface QueueLimits {
  readonly bulkBytesMax: number;
  readonly urgentMax: number;
}

interface Waiting {
  readonly frame: Buffer;
}

export class SendQueue {
  private readonly urgent: Waiting[] = [];
  private readonly bulk: Waiting[] = [];
  private bulkBytes = 0;
  dropped = 0;

  constructor(private readonly limits: QueueLimits) {}

  push(message: Message, frame: Buffer): void {
    if (isBulk(message)) {
      // One at least, however large: else it could never be sent.
      if (this.bulk.length > 0 && this.bulkBytes + frame.byteLength > this.limits.bulkBytesMax) {
        this.dropped += 1;
        return;
      }
      this.bulk.push({ frame });
      this.bulkBytes += frame.byteLength;
      return;
    }
    if (this.urgent.length >= this.limits.urgentMax) {
      this.urgent.shift();
      this.dropped += 1;
    }
    this.urgent.push({ frame });
  }

  shift(): Buffer | null {
    const urgent = this.urgent.shift();
    if (urgent !== undefined) return urgent.frame;
    const next = this.bulk.shift();
    if (next === undefined) return null;
    this.bulkBytes -= next.frame.byteLength;
    return next.frame;
  }

  clear(): void {
    this.dropped += this.urgent.length + this.bulk.length;
    this.urgent.length = 0;
    this.bulk.length = 0;
    this.bulkBytes = 0;
  }

  get length(): number {
    return this.urgent.length + this.bulk.length;
  }
}

/** Appends keep their order among themselves, empty or not. */
function isBulk({ kind }: Message): boolean {
  return kind === 'append' || kind === 'snapshot';
}
