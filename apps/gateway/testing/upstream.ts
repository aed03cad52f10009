/** A member's HTTP server on a real port, in this process. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { freePort } from '@muster/testing';

export type Handle = (request: IncomingMessage, response: ServerResponse) => void;

export class Upstream {
  requestCount = 0;

  private constructor(
    private readonly server: Server,
    public handle: Handle,
  ) {}

  /** On a port that nobody else takes once it was left. */
  static async start(handle: Handle): Promise<Upstream> {
    const server = createServer();
    const upstream = new Upstream(server, handle);
    server.on('request', (request, response) => {
      upstream.requestCount += 1;
      upstream.handle(request, response);
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(await freePort(), '127.0.0.1', resolve);
    await promise;
    return upstream;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Every connection is cut in the middle of whatever goes on; nobody listens any more. */
  async kill(): Promise<void> {
    if (!this.server.listening) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.server.close(() => resolve());
    this.server.closeAllConnections();
    await promise;
  }
}

/** Answers with a text and ends. */
export const says =
  (text: string): Handle =>
  (request, response) => {
    request.resume();
    response.end(text);
  };
