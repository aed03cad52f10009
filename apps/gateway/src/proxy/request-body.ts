/**
 * The body of a client's request, read only when a member takes it.
 *
 * An attempt that never got a connection leaves it untouched, so that the next attempt can have it. Destroying it does
 * not destroy the client's connection: there is still an answer to give.
 */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/** False when the head says that there is none. */
export function hasBody(request: IncomingMessage): boolean {
  const length = request.headers['content-length'];
  return request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

/** Tells over all attempts of one request whether its body was begun. */
export interface BodyUse {
  isUsed: boolean;
}

export class RequestBody extends Readable {
  private isAttached = false;

  constructor(
    private readonly request: IncomingMessage,
    private readonly use: BodyUse,
  ) {
    super();
    // Whoever destroys it knows why; an error event that nobody listens to would end the process.
    this.on('error', () => {});
  }

  override _read(): void {
    if (!this.isAttached) this.attach();
    else this.request.resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (this.isAttached) {
      this.request.off('data', this.onData).off('end', this.onEnd).off('close', this.onClose).off('error', this.onError);
      // What is left of the body is read and thrown away, or the client could not read the answer.
      this.request.on('error', () => {}).resume();
    }
    done(error);
  }

  private attach(): void {
    this.isAttached = true;
    this.use.isUsed = true;
    this.request.on('data', this.onData).on('end', this.onEnd).on('close', this.onClose).on('error', this.onError);
    this.request.resume();
  }

  private readonly onData = (chunk: Buffer): void => {
    if (!this.push(chunk)) this.request.pause();
  };

  private readonly onEnd = (): void => {
    this.push(null);
  };

  private readonly onError = (error: Error): void => {
    this.destroy(error);
  };

  /** The client went away in the middle. */
  private readonly onClose = (): void => {
    if (!this.request.readableEnded) this.destroy(new Error('the client closed the connection within its request'));
  };
}
