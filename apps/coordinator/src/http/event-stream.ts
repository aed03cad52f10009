/**
 * One client of a stream of server-sent events, with a bounded buffer: who reads too slowly is cut off and comes back
 * with `Last-Event-ID`, rather than filling our memory.
 */
import type { ServerResponse } from 'node:http';

/** What may wait for a slow reader beyond the largest message that it was sent, which it could not have refused. Bytes. */
const WAITING_BYTES_MAX = 1024 * 1024;
/** How long a client should wait before it comes back. Milliseconds. */
const RETRY_MS = 1000;

export interface StreamEvent {
  /** Name of the event. */
  readonly event: string;
  /** Where a reader resumes; absent for events that nobody resumes from. */
  readonly id?: number;
  readonly data: unknown;
}

/** The event as bytes on the wire; made once for all readers. */
export function frame({ event, id, data }: StreamEvent): string {
  return `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/**
 * The events of one log entry. Only the last has the id: a reader that broke off between two of them resumes before the entry, and
 * is told all of it again, rather than never the rest of it.
 */
export function entryFrames(index: number, events: readonly Omit<StreamEvent, 'id'>[]): string {
  return events.map((event, at) => frame(at === events.length - 1 ? { ...event, id: index } : event)).join('');
}

export class EventStream {
  private isOpenNow = true;
  private largestBytes = 0;

  constructor(
    private readonly response: ServerResponse,
    onClose: () => void,
  ) {
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no', Connection: 'keep-alive' });
    response.write(`retry: ${RETRY_MS}\n\n`);
    response.once('close', () => {
      this.isOpenNow = false;
      onClose();
    });
    // Gone before we began: `close` was told already and does not come again.
    if (response.destroyed) {
      this.isOpenNow = false;
      queueMicrotask(onClose);
    }
    // A reader that went away is no fault of ours; `close` follows.
    response.on('error', () => undefined);
  }

  send(frames: string): void {
    if (!this.isOpenNow) return;
    this.largestBytes = Math.max(this.largestBytes, frames.length);
    this.response.write(frames);
    if (this.response.writableLength > WAITING_BYTES_MAX + this.largestBytes) this.response.destroy();
  }

  /** The reader has not taken yet what it was sent. */
  get isBehind(): boolean {
    return this.response.writableNeedDrain;
  }

  get isOpen(): boolean {
    return this.isOpenNow;
  }

  /** Resolves when the reader has taken what was sent, or is gone. */
  async drained(): Promise<void> {
    if (!this.isOpenNow || !this.response.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.response.off('drain', done);
        this.response.off('close', done);
        resolve();
      };
      this.response.once('drain', done);
      this.response.once('close', done);
    });
  }

  end(): void {
    if (this.isOpenNow) this.response.end();
  }
}
