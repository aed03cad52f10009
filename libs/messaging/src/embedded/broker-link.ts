/**
 * The one connection of a client to the embedded broker: pairs answers with requests, and comes back by itself for ever.
 *
 * When the connection goes, whatever waits is rejected with `BUS_DOWN`: nobody can tell whether it was done.
 */
import { connect, type Socket } from 'node:net';
import { BusError, type BusErrorCode, type BusStatus } from '@muster/contracts';
import { type BackOff, pauseMs } from '../shared/back-off.js';
import type { BusSettings } from '../shared/options.js';
import { Signal } from '../shared/signal.js';
import { encodeFrame, type Frame, FrameReader } from './frames.js';
import { ANSWER, FRAME_BYTES_MAX, PROTOCOL_VERSION, REQUEST, type RequestKind } from './protocol.js';
import { socketAddress } from './socket-address.js';

interface Waiting {
  readonly resolve: (frame: Frame) => void;
  readonly reject: (error: BusError) => void;
  /** Monotonic; infinite for fetches, which may wait as long as nothing arrives. */
  readonly dueMs: number;
}

export interface LinkListener {
  /** The broker knows us; called after every connect. */
  onUp(): void;
  onDown(): void;
  onNotice(frame: Frame): void;
}

const RECONNECT: BackOff = { pauseMsMin: 50, pauseMsMax: 1000 };
const SWEEPS_PER_SESSION = 5;

export class BrokerLink {
  #status: BusStatus = { state: 'connecting', detail: '', sinceUnixMs: Date.now() };
  readonly changed = new Signal();
  readonly #waiting = new Map<number, Waiting>();
  #socket: Socket | null = null;
  #isGreeted = false;
  #isClosed = false;
  #isCorked = false;
  #ids = 0;
  #failures = 0;
  #reconnect: NodeJS.Timeout | undefined;
  readonly #pulse: NodeJS.Timeout;

  constructor(
    private readonly socketPath: string,
    private readonly settings: BusSettings,
    private readonly listener: LinkListener,
  ) {
    const pulseMs = Math.min(settings.requestTimeoutMs, settings.sessionTimeoutMs) / SWEEPS_PER_SESSION;
    this.#pulse = setInterval(() => this.#beat(), pulseMs);
    this.#connect();
  }

  status(): BusStatus {
    return this.#status;
  }

  isUp(): boolean {
    return this.#isGreeted;
  }

  /** Asks the broker; `isPatient` requests wait without end. Rejects with a `BusError`. */
  request(kind: RequestKind, facts: object, body?: Uint8Array, isPatient = false): Promise<Frame> {
    if (!this.#isGreeted && kind !== REQUEST.hello) return Promise.reject(this.#downError());
    const id = (this.#ids = (this.#ids % 0xfffffff0) + 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, dueMs: isPatient ? Infinity : performance.now() + this.settings.requestTimeoutMs });
      this.#send(encodeFrame(kind, id, facts, body));
    });
  }

  /** Resolves once the broker is there; rejects with `BUS_DOWN` when that takes longer than a request may. */
  async untilUp(): Promise<void> {
    const dueMs = performance.now() + this.settings.requestTimeoutMs;
    while (!this.#isGreeted) {
      const leftMs = dueMs - performance.now();
      if (this.#isClosed || leftMs <= 0) throw this.#downError();
      await this.changed.wait(leftMs);
    }
  }

  /** Resolves when the first attempt to connect came to something; rejects when that was nothing. */
  async untilDecided(): Promise<void> {
    while (this.#status.state === 'connecting') await this.changed.wait(this.settings.requestTimeoutMs);
    if (!this.#isGreeted) throw this.#downError();
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#pulse);
    clearTimeout(this.#reconnect);
    this.#socket?.destroy();
    this.#lost('the bus was closed by this process');
  }

  #downError(): BusError {
    return new BusError('BUS_DOWN', !this.#isClosed, this.#isClosed ? 'the bus was closed by this process' : `no broker answers on ${this.socketPath}${this.#status.detail ? ` (${this.#status.detail})` : ''}: start it with 'muster bus'`);
  }

  #connect(): void {
    const socket = connect(socketAddress(this.socketPath));
    const reader = new FrameReader(FRAME_BYTES_MAX);
    let reason = 'the broker closed the connection';
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('connect', () => {
      this.request(REQUEST.hello, { version: PROTOCOL_VERSION, clientId: this.settings.clientId }).then(
        () => this.#greeted(),
        (error: unknown) => {
          reason = error instanceof Error ? error.message : String(error);
          socket.destroy();
        },
      );
    });
    socket.on('data', (chunk) => {
      try {
        for (const frame of reader.push(chunk)) this.#receive(frame);
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
        socket.destroy();
      }
    });
    socket.on('error', (error) => {
      reason = error.message;
    });
    socket.on('close', () => {
      if (this.#socket !== socket || this.#isClosed) return;
      this.#socket = null;
      this.#lost(reason);
      this.#reconnect = setTimeout(() => this.#connect(), pauseMs(RECONNECT, this.#failures++));
    });
  }

  #greeted(): void {
    this.#failures = 0;
    this.#isGreeted = true;
    this.#setStatus('up', '');
    this.listener.onUp();
  }

  #lost(reason: string): void {
    const wasUp = this.#isGreeted;
    this.#isGreeted = false;
    this.#setStatus('down', reason);
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new BusError('BUS_DOWN', true, `the connection to the broker was lost (${reason}); what waited may or may not have been done`));
    if (wasUp && !this.#isClosed) this.listener.onDown();
  }

  #setStatus(state: BusStatus['state'], detail: string): void {
    if (this.#status.state !== state) this.#status = { state, detail, sinceUnixMs: Date.now() };
    else if (this.#status.detail !== detail) this.#status = { ...this.#status, detail };
    this.changed.ring();
  }

  #receive(frame: Frame): void {
    if (frame.kind !== ANSWER.ok && frame.kind !== ANSWER.error) return this.listener.onNotice(frame);
    const waiting = this.#waiting.get(frame.id);
    if (waiting === undefined) return;
    this.#waiting.delete(frame.id);
    if (frame.kind === ANSWER.ok) waiting.resolve(frame);
    else waiting.reject(new BusError(frame.facts['code'] as BusErrorCode, frame.facts['retriable'] === true, String(frame.facts['message'])));
  }

  #send(bytes: Buffer): void {
    const socket = this.#socket;
    if (socket === null) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      socket.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        socket.uncork();
      });
    }
    socket.write(bytes);
  }

  /** Keeps the session, and gives up what has waited too long: a broker that is silent for that long is as good as away. */
  #beat(): void {
    const nowMs = performance.now();
    let isOverdue = false;
    for (const [id, { dueMs, reject }] of this.#waiting) {
      if (dueMs > nowMs) continue;
      isOverdue = true;
      this.#waiting.delete(id);
      reject(new BusError('BUS_TIMEOUT', true, `the broker did not answer within ${this.settings.requestTimeoutMs} ms; it may or may not have been done`));
    }
    if (isOverdue) this.#socket?.destroy();
    else if (this.#isGreeted) this.request(REQUEST.ping, {}).catch(() => undefined);
  }
}
