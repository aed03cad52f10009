/** A coordinator's watch and beat endpoints on a real port; tests say what it tells. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ClusterStatus, WatchMessage } from '@muster/contracts';

export class FakeCoordinator {
  private readonly watchers = new Set<ServerResponse>();
  beatCount = 0;
  connectionCount = 0;
  /** Watchers get no snapshot, and nothing else. */
  isMute = false;
  /** Watchers get their snapshot and are hung up on. */
  hangsUp = false;

  private constructor(
    private readonly server: Server,
    public status: ClusterStatus,
  ) {}

  static async start(status: ClusterStatus, port = 0): Promise<FakeCoordinator> {
    const server = createServer();
    const fake = new FakeCoordinator(server, status);
    server.on('request', (request, response) => {
      if (request.url?.startsWith('/cluster/watch')) return fake.watch(response);
      request.resume();
      if (request.method === 'POST') fake.beatCount += 1;
      response.setHeader('content-type', 'application/json');
      return response.end(JSON.stringify(request.method === 'POST' ? { results: [{ nodeId: 'gateway-1', outcome: 'accepted', knownIncarnation: null }] } : { nodeId: 'gateway-1', knownIncarnation: null }));
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(port, '127.0.0.1', resolve);
    await promise;
    return fake;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get watcherCount(): number {
    return this.watchers.size;
  }

  tell(message: WatchMessage): void {
    this.tellRaw(`event: ${message.kind}\ndata: ${JSON.stringify(message)}\n\n`);
  }

  tellRaw(bytes: string | Buffer): void {
    for (const watcher of this.watchers) watcher.write(bytes);
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.server.close(() => resolve());
    this.server.closeAllConnections();
    await promise;
  }

  private watch(response: ServerResponse): void {
    this.connectionCount += 1;
    this.watchers.add(response);
    response.on('close', () => this.watchers.delete(response));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    if (!this.isMute) response.write(`event: snapshot\nid: ${this.status.index}\ndata: ${JSON.stringify({ kind: 'snapshot', status: this.status })}\n\n`);
    if (this.hangsUp) response.end();
  }
}
