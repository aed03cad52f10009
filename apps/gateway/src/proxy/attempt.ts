/**
 * One attempt: sends a request to one member and streams the answer to the client as it comes.
 *
 * Body bytes are never looked at. A slow client holds the member back, a slow member the client; a client that goes
 * away ends the request at the member. Once the head of the answer went out there is no way back: a member that fails
 * then cuts the client's connection, which is how HTTP says that an answer is not whole. Until then it can be called off.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Dispatcher } from 'undici';
import { requestHeaders, responseHeaders } from './headers.js';
import { type BodyUse, hasBody, RequestBody } from './request-body.js';

export interface AttemptInput {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly bodyUse: BodyUse;
  readonly dispatcher: Dispatcher;
  readonly member: { readonly nodeId: string; readonly tier: string };
}

export type AttemptResult =
  /** The head of an answer came and went on, and perhaps all of it. `isWhole` is false when the member broke off. */
  | { readonly kind: 'answered'; readonly statusCode: number; readonly isWhole: boolean }
  | { readonly kind: 'client-gone' }
  | { readonly kind: 'failed'; readonly wasSent: boolean; readonly isTimeout: boolean; readonly fault: string }
  /** We lost patience. `isFault`: by what we saw of the member ourselves. */
  | { readonly kind: 'called-off'; readonly wasSent: boolean; readonly isFault: boolean; readonly fault: string };

export interface Attempt {
  readonly result: Promise<AttemptResult>;
  /** True until the head of an answer, or the end. */
  readonly isWaiting: boolean;
  /** The request had begun to go out on a connection. */
  readonly wasSent: boolean;
  /** Ends an attempt that is waiting. */
  callOff(reason: { readonly isFault: boolean; readonly fault: string }): void;
}

const TIMEOUT_CODES = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT']);

export function attempt(input: AttemptInput): Attempt {
  const { request, dispatcher, path, bodyUse } = input;
  const handler = new StreamingHandler(input);
  const socket = request.socket as Partial<TLSSocket>;
  try {
    dispatcher.dispatch(
      {
        path,
        method: request.method as Dispatcher.HttpMethod,
        headers: requestHeaders(request.rawHeaders, { address: request.socket.remoteAddress ?? 'unknown', isTls: socket.encrypted === true }),
        body: hasBody(request) ? new RequestBody(request, bodyUse) : null,
      },
      handler,
    );
  } catch (error) {
    // A request that the client library refuses to write, such as a header with letters that HTTP does not know.
    handler.onResponseError(null, error instanceof Error ? error : new Error(String(error)));
  }
  return handler;
}

class StreamingHandler implements Dispatcher.DispatchHandler, Attempt {
  private readonly settled = Promise.withResolvers<AttemptResult>();
  private isSettled = false;
  private controller: Dispatcher.DispatchController | null = null;
  private statusCode: number | null = null;
  private isClientGone: boolean;

  constructor(private readonly input: AttemptInput) {
    this.isClientGone = input.response.destroyed;
    input.response.on('close', this.onClientClose).on('drain', this.onDrain);
  }

  get result(): Promise<AttemptResult> {
    return this.settled.promise;
  }

  get isWaiting(): boolean {
    return !this.isSettled && this.statusCode === null;
  }

  get wasSent(): boolean {
    return this.controller !== null;
  }

  /** Settled at once: a request that waits for a free connection to a frozen member would not hear of it for long. */
  callOff({ isFault, fault }: { readonly isFault: boolean; readonly fault: string }): void {
    if (!this.isWaiting) return;
    this.finish({ kind: 'called-off', wasSent: this.wasSent, isFault, fault });
    this.controller?.abort(new Error(fault));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.isClientGone) controller.abort(new Error('the client went away'));
    else if (this.isSettled) controller.abort(new Error('called off before it was sent'));
  }

  onResponseStart(controller: Dispatcher.DispatchController, statusCode: number, _headers: object, statusMessage?: string): void {
    // 103 and its like are hints; the answer is still to come.
    if (statusCode < 200) return;
    this.statusCode = statusCode;
    const { response, member } = this.input;
    response.writeHead(statusCode, statusMessage ?? '', responseHeaders(rawHeadersOf(controller), member));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.input.response.write(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    this.input.response.end();
    this.finish({ kind: 'answered', statusCode: this.statusCode ?? 0, isWhole: true });
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.isClientGone) return this.finish({ kind: 'client-gone' });
    if (this.statusCode !== null) {
      this.input.response.destroy();
      return this.finish({ kind: 'answered', statusCode: this.statusCode, isWhole: false });
    }
    const code = 'code' in error ? String(error.code) : '';
    this.finish({ kind: 'failed', wasSent: this.wasSent, isTimeout: TIMEOUT_CODES.has(code), fault: code === '' ? error.message : `${code}: ${error.message}` });
  }

  private finish(result: AttemptResult): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.input.response.off('close', this.onClientClose).off('drain', this.onDrain);
    this.settled.resolve(result);
  }

  private readonly onClientClose = (): void => {
    if (this.input.response.writableFinished) return;
    this.isClientGone = true;
    this.controller?.abort(new Error('the client went away'));
  };

  private readonly onDrain = (): void => this.controller?.resume();
}

/** As they stood on the wire; Latin-1, which is how Node writes them again. */
function rawHeadersOf(controller: Dispatcher.DispatchController): string[] {
  const raw = controller.rawHeaders;
  if (!Array.isArray(raw)) return [];
  return raw.map((part: Buffer | string) => (typeof part === 'string' ? part : part.toString('latin1')));
}
