/**
 * A socket as the `pg` driver expects it, whose other end is the engine inside this process.
 *
 * Cuts what the driver writes into whole protocol messages and hands them over in order; the engine runs one call at a
 * time. It has a single session, so whoever makes sockets must see that only one is in use (a pool of one).
 */
import { Duplex } from 'node:stream';

/** The streaming call: the plain one keeps every answer it ever gave. */
export interface ProtocolEngine {
  execProtocolRawStream(message: Uint8Array, options: { readonly onRawData: (bytes: Uint8Array) => void }): Promise<void>;
}

const TERMINATE = 0x58;
const READY_FOR_QUERY = 0x5a;
const READY_FOR_QUERY_BYTES = 6;
const IDLE = 0x49;
/** A simple query: type, length of the rest, text, zero. */
const ROLLBACK = Buffer.from('Q\0\0\0\rROLLBACK\0', 'latin1');

export class EngineSocket extends Duplex {
  private unread: Buffer = Buffer.alloc(0);
  private isStarted = false;
  private isInTransaction = false;

  constructor(private readonly engine: ProtocolEngine) {
    super({ allowHalfOpen: false });
  }

  // What the driver calls on a network socket.
  connect(): this {
    queueMicrotask(() => this.emit('connect'));
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }

  override _read(): void {
    // Answers are pushed as they come.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.unread = this.unread.length === 0 ? chunk : Buffer.concat([this.unread, chunk]);
    void settle(this.hand(this.takeWhole()), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    void settle(this.rollBack(), () => done(error));
  }

  /** The whole messages at the front of what was written; the goodbye is ours, not the engine's. */
  private takeWhole(): { messages: Buffer; isLast: boolean } {
    let end = 0;
    for (;;) {
      const typeBytes = this.isStarted ? 1 : 0;
      if (this.unread.length < end + typeBytes + 4) break;
      const bytes = this.unread.readInt32BE(end + typeBytes) + typeBytes;
      if (this.unread.length < end + bytes) break;
      if (this.isStarted && this.unread[end] === TERMINATE) return { messages: this.unread.subarray(0, end), isLast: true };
      this.isStarted = true;
      end += bytes;
    }
    const messages = this.unread.subarray(0, end);
    this.unread = this.unread.subarray(end);
    return { messages, isLast: false };
  }

  private async hand({ messages, isLast }: { messages: Buffer; isLast: boolean }): Promise<void> {
    if (messages.length > 0) this.answer(await this.exchange(messages));
    if (!isLast) return;
    await this.rollBack();
    this.push(null);
  }

  /** The bytes are the engine's own memory, so they are copied at once. */
  private async exchange(messages: Uint8Array): Promise<Buffer> {
    const parts: Buffer[] = [];
    await this.engine.execProtocolRawStream(messages, { onRawData: (bytes) => void parts.push(Buffer.from(bytes)) });
    return Buffer.concat(parts);
  }

  private answer(bytes: Buffer): void {
    const length = bytes.length;
    if (length >= READY_FOR_QUERY_BYTES && bytes[length - READY_FOR_QUERY_BYTES] === READY_FOR_QUERY) this.isInTransaction = bytes[length - 1] !== IDLE;
    if (length > 0) this.push(bytes);
  }

  /** A connection that goes leaves no transaction to the next one. */
  private async rollBack(): Promise<void> {
    if (!this.isInTransaction) return;
    this.isInTransaction = false;
    await this.exchange(ROLLBACK);
  }
}

/** Tells a stream's callback how the work ended. */
async function settle(work: Promise<void>, done: (error?: Error | null) => void): Promise<void> {
  let fault: Error | null = null;
  try {
    await work;
  } catch (error) {
    fault = error instanceof Error ? error : new Error(String(error));
  }
  done(fault);
}
