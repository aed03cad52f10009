/**
 * The connection to one peer, over which we send. Reconnects by itself, with back-off; what cannot be sent is lost, which Raft bears.
 *
 * A peer whose host refuses connections has ended: that is reported at once, since a leader need not be missed for a whole timeout then.
 */
import type { Socket } from 'node:net';
import type { Message } from '@muster/raft';
import { dial, type TlsOptions } from './channel.js';
import { FrameReader, frameOf } from './frames.js';
import { Caller, decodeHandshake, encodeHandshake, HANDSHAKE_BYTES_MAX, type Identity, type Own } from './handshake.js';
import { encodeMessage } from './message-codec.js';
import { SendQueue } from './send-queue.js';

export interface LinkEvents {
  /** Its host refuses connections. */
  readonly onGone: () => void;
  readonly onState: (isConnected: boolean) => void;
  /** In words, once for each way in which it fails. */
  readonly onTrouble: (text: string) => void;
}

const BACKOFF_MS_MIN = 20;
const BACKOFF_MS_MAX = 1000;
const CONNECT_MS_MAX = 2000;
/** A connection that lasted so long worked: the next one is tried at once. */
const WORKED_MS = 1000;
/** A peer that takes no bytes for so long is dropped and called again. */
const STALLED_MS_MAX = 5000;
/** Bytes that the kernel and Node hold for us: few, so that a heartbeat waits for little. */
const SOCKET_BYTES_MAX = 256 * 1024;
const QUEUE = { bulkBytesMax: 8 * 1024 * 1024, urgentMax: 1024 };

export class PeerLink {
  readonly queue = new SendQueue(QUEUE);
  private socket: Socket | null = null;
  /** Whom we talk to. */
  private callee: Identity | null = null;
  private isOpen = false;
  private openedAtMs = 0;
  private isStopped = false;
  private failures = 0;
  private retry: NodeJS.Timeout | undefined;
  private watch: NodeJS.Timeout | undefined;
  private lastTrouble = '';

  constructor(
    private readonly peer: string,
    private address: string,
    private readonly own: Own,
    private readonly tls: TlsOptions | null,
    private readonly events: LinkEvents,
  ) {
    this.connect();
  }

  get isConnected(): boolean {
    return this.isOpen;
  }

  send(message: Message): void {
    if (!this.isOpen) {
      this.queue.dropped += 1;
      return;
    }
    this.queue.push(message, frameOf(encodeMessage(message)));
    this.flush();
  }

  /** The peer announced that it listens elsewhere now. */
  moveTo(address: string): void {
    if (address === this.address) return;
    this.address = address;
    this.failures = 0;
    if (this.isOpen) return;
    this.socket?.destroy();
    this.again(0);
  }

  /** There is a sign that the peer lives: no need to sit out the back-off. */
  hurry(): void {
    if (this.isOpen || this.socket !== null) return;
    this.failures = 0;
    this.again(0);
  }

  /** Whom we may talk to may have changed: a wiped disk is another member under the old name. */
  admitAnew(): void {
    const reason = this.isOpen && this.callee !== null ? this.own.admits(this.callee) : null;
    if (reason !== null) this.socket?.destroy(new Error(reason));
  }

  stop(): void {
    this.isStopped = true;
    clearTimeout(this.retry);
    clearTimeout(this.watch);
    this.socket?.destroy();
  }

  private connect(): void {
    if (this.isStopped) return;
    const socket = dial(this.address, this.peer, this.tls);
    this.socket = socket;
    socket.setNoDelay(true).setKeepAlive(true, 5000);
    this.guard(CONNECT_MS_MAX, 'it does not answer');
    const caller = new Caller(this.own, this.peer);
    const reader = new FrameReader(HANDSHAKE_BYTES_MAX);
    socket.once(this.tls === null ? 'connect' : 'secureConnect', () => socket.write(frameOf(encodeHandshake(caller.hello()))));
    socket.on('data', (piece: Buffer) => {
      try {
        for (const content of reader.push(piece)) this.greeted(socket, caller, content);
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    });
    socket.on('drain', () => this.flush());
    let fault: NodeJS.ErrnoException | null = null;
    socket.on('error', (error) => (fault = error));
    socket.on('close', () => this.closed(socket, fault));
  }

  /** Nothing comes this way after the handshake, but for a refusal in words. */
  private greeted(socket: Socket, caller: Caller, content: Buffer): void {
    const answer = caller.next(decodeHandshake(content));
    if (answer !== null) return void socket.write(frameOf(encodeHandshake(answer)));
    this.isOpen = true;
    this.callee = caller.callee;
    this.openedAtMs = performance.now();
    this.lastTrouble = '';
    clearTimeout(this.watch);
    this.watch = undefined;
    this.events.onState(true);
    this.flush();
  }

  private flush(): void {
    const { socket } = this;
    if (socket === null || !this.isOpen) return;
    socket.cork();
    while (socket.writableLength < SOCKET_BYTES_MAX) {
      const frame = this.queue.shift();
      if (frame === null) break;
      socket.write(frame);
    }
    socket.uncork();
    if (socket.writableLength < SOCKET_BYTES_MAX) {
      clearTimeout(this.watch);
      this.watch = undefined;
    } else if (this.watch === undefined) {
      this.guard(STALLED_MS_MAX, 'it takes no more bytes');
    }
  }

  private guard(limitMs: number, trouble: string): void {
    clearTimeout(this.watch);
    this.watch = setTimeout(() => this.socket?.destroy(new Error(`${trouble} for ${limitMs} ms`)), limitMs);
  }

  private closed(socket: Socket, fault: NodeJS.ErrnoException | null): void {
    if (this.socket !== socket) return;
    clearTimeout(this.watch);
    this.watch = undefined;
    this.socket = null;
    this.queue.clear();
    const wasOpen = this.isOpen;
    this.isOpen = false;
    if (this.isStopped) return;
    if (wasOpen) this.events.onState(false);
    if (fault?.code === 'ECONNREFUSED') this.events.onGone();
    this.tell(fault);
    // At once after a connection that worked: a peer that has ended refuses, and that is worth knowing soon.
    const hasWorked = wasOpen && performance.now() - this.openedAtMs >= WORKED_MS;
    this.again(hasWorked ? 0 : Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** this.failures) * (0.75 + Math.random() / 2));
    this.failures = hasWorked ? 0 : this.failures + 1;
  }

  private again(delayMs: number): void {
    clearTimeout(this.retry);
    if (!this.isStopped) this.retry = setTimeout(() => this.connect(), delayMs);
  }

  private tell(fault: NodeJS.ErrnoException | null): void {
    const text = fault === null ? 'it closed the connection' : fault.message;
    if (text === this.lastTrouble) return;
    this.lastTrouble = text;
    this.events.onTrouble(`'${this.peer}' at ${this.address}: ${text}`);
  }
}
