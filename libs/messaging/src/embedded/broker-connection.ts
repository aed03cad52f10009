/**
 * One client at the broker: its bytes in and out, within limits.
 *
 * A client that does not read its answers is not read from either; one that sends no frames is cut off, alone. What
 * requests mean is decided by the `serve` it is given.
 */
import type { Socket } from 'node:net';
import { BusError } from '@muster/contracts';
import type { BrokerSettings } from './broker-options.js';
import { encodeFrame, type Frame, FrameError, FrameReader } from './frames.js';
import { ANSWER, FRAME_BYTES_MAX } from './protocol.js';

export class BrokerConnection {
  /** Monotonic time of the last bytes. Milliseconds. */
  lastHeardMs = performance.now();
  clientId = 'unnamed';
  readonly #reader = new FrameReader(FRAME_BYTES_MAX);
  /** Requests that were read but must wait until the client has read its answers. */
  #backlog: Frame[] = [];
  #waiting = 0;
  #isClosed = false;
  #isCorked = false;

  constructor(
    private readonly socket: Socket,
    private readonly settings: BrokerSettings,
    private readonly serve: (connection: BrokerConnection, frame: Frame) => void,
    private readonly onClosed: (connection: BrokerConnection) => void,
  ) {
    socket.on('data', (chunk) => this.#onData(chunk));
    socket.on('drain', () => this.#guarded(() => this.#serveBacklog()));
    socket.on('error', (error) => settings.logger.debug({ clientId: this.clientId, error: error.message }, 'a client of the bus went away'));
    socket.on('close', () => {
      this.#isClosed = true;
      this.onClosed(this);
    });
  }

  answer(id: number, facts: object, body?: Uint8Array): void {
    this.#waiting--;
    this.notify(ANSWER.ok, facts, id, body);
  }

  refuse(id: number, error: unknown): void {
    this.#waiting--;
    const known = error instanceof BusError ? error : new BusError('BUS_FAILED', true, error instanceof Error ? error.message : String(error));
    this.notify(ANSWER.error, { code: known.code, retriable: known.retriable, message: known.message.slice(known.code.length + 2) }, id);
  }

  notify(kind: number, facts: object, id = 0, body?: Uint8Array): void {
    if (this.#isClosed) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.socket.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        this.socket.uncork();
      });
    }
    this.socket.write(encodeFrame(kind, id, facts, body));
  }

  destroy(): void {
    this.socket.destroy();
  }

  #onData(chunk: Buffer): void {
    this.lastHeardMs = performance.now();
    this.#guarded(() => {
      for (const frame of this.#reader.push(chunk)) {
        if (++this.#waiting > this.settings.requestsMax) throw new FrameError(`more than ${this.settings.requestsMax} requests wait for an answer`);
        this.#backlog.push(frame);
      }
      this.#serveBacklog();
    });
  }

  #serveBacklog(): void {
    const frames = this.#backlog;
    let served = 0;
    while (served < frames.length && this.socket.writableLength <= this.settings.unreadBytesMax) this.serve(this, frames[served++] as Frame);
    this.#backlog = frames.slice(served);
    if (this.#backlog.length > 0) this.socket.pause();
    else this.socket.resume();
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.settings.logger.warn({ clientId: this.clientId, error: error instanceof Error ? error.message : String(error) }, 'a client of the bus sent what is no request, it is cut off');
      this.#backlog = [];
      this.destroy();
    }
  }
}
