/**
 * One connection to one coordinator: upgraded from HTTP, then JSON lines both ways.
 *
 * Says what came and that it ended; which coordinator to take, and what to send, is decided by the lane.
 */
import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { AgentMessage, CoordinatorMessage } from '@muster/contracts';
import { LineSplitter } from './line-splitter.js';
import { readCoordinatorMessage } from './read-message.js';

export interface ConnectionOptions {
  /** Base URL of the coordinator, with a slash at its end. */
  readonly url: string;
  readonly wire: { readonly path: string; readonly protocol: string; readonly lineBytesMax: number };
  readonly hello: AgentMessage;
  readonly onMessage: (message: CoordinatorMessage) => void;
  /** A line that this version does not read; it is passed over. */
  readonly onUnread: () => void;
  /** Once, whatever the cause. */
  readonly onEnd: (reason: string) => void;
}

/** Longest way to a welcome. Milliseconds. */
const OPEN_MS_MAX = 2000;
/** More than this waits in the socket only when the other side does not read. Bytes. */
const UNSENT_BYTES_MAX = 64 * 1024;
const KEEP_ALIVE_MS = 5000;

export class LaneConnection {
  private socket: Socket | null = null;
  private readonly request: ClientRequest;
  private readonly openLimit: NodeJS.Timeout;
  private hasEnded = false;
  private isWelcomed = false;

  constructor(private readonly options: ConnectionOptions) {
    const { url, wire } = options;
    const target = new URL(wire.path.slice(1), url);
    this.request = requestOf(target)(target, { agent: false, headers: { connection: 'Upgrade', upgrade: wire.protocol } });
    this.openLimit = setTimeout(() => this.close(`no welcome within ${OPEN_MS_MAX} ms`), OPEN_MS_MAX);
    this.request.on('error', (error) => this.close(error.message));
    this.request.on('response', (response) => this.close(`no lane there: it answered ${response.statusCode}`));
    this.request.on('upgrade', (response, socket, head) => this.opened(response, socket as Socket, head));
    this.request.end();
  }

  /** False when it cannot go now: not open, or the other side does not read. */
  send(message: AgentMessage): boolean {
    const { socket } = this;
    if (socket === null || this.hasEnded || socket.writableLength > UNSENT_BYTES_MAX) return false;
    socket.write(`${JSON.stringify(message)}\n`);
    return true;
  }

  /** At once; what the socket took before still arrives. */
  close(reason: string): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    clearTimeout(this.openLimit);
    this.request.destroy();
    this.socket?.destroy();
    this.options.onEnd(reason);
  }

  private opened(response: IncomingMessage, socket: Socket, head: Buffer): void {
    if (this.hasEnded) return void socket.destroy();
    this.socket = socket;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('error', (error) => this.close(error.message));
    socket.on('close', () => this.close('the coordinator closed it'));
    if (response.headers.upgrade !== this.options.wire.protocol) return this.close(`it speaks ${response.headers.upgrade}`);
    const splitter = new LineSplitter(this.options.wire.lineBytesMax);
    const read = (piece: Buffer): void => {
      const lines = splitter.push(piece);
      if (lines === null) return this.close('a line is too long');
      for (const line of lines) this.read(line);
    };
    socket.on('data', read);
    this.send(this.options.hello);
    if (head.length > 0) read(head);
  }

  private read(line: string): void {
    if (this.hasEnded) return;
    const message = readCoordinatorMessage(line);
    if (message === null) return this.options.onUnread();
    // Whatever comes before it is not for us: we are not known there yet.
    if (message.kind !== 'welcome' && !this.isWelcomed) return this.options.onUnread();
    this.isWelcomed = true;
    clearTimeout(this.openLimit);
    this.options.onMessage(message);
  }
}

/** TLS is loaded by those who use it: it weighs more than the rest of an agent. */
function requestOf({ protocol }: URL): typeof httpRequest {
  if (protocol === 'http:') return httpRequest;
  return (createRequire(import.meta.url)('node:https') as typeof import('node:https')).request;
}
