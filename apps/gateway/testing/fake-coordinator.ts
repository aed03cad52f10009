/** A coordinator's watch endpoint, other paths and direct lane on a real port; tests say what it tells. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { type AgentMessage, type ClusterStatus, type CoordinatorMessage, decodeAgentMessage, LANE_PROTOCOL, type WatchMessage } from '@muster/contracts';
import { freePort } from '@muster/testing';

const PULSE_MS = 100;

export class FakeCoordinator {
  private readonly watchers = new Set<ServerResponse>();
  private readonly lanes = new Set<Socket>();
  beatCount = 0;
  connectionCount = 0;
  /** Watchers get no snapshot, and nothing else. */
  isMute = false;
  /** Watchers get their snapshot and are hung up on. */
  hangsUp = false;
  /** Paths and queries that were asked for, beside the stream. */
  readonly asked: string[] = [];
  /** How it answers what is not the stream; null: not at all. */
  answer: ((url: string, response: ServerResponse) => void) | null = (_, response) => response.writeHead(404).end();

  private constructor(
    private readonly server: Server,
    public status: ClusterStatus,
  ) {}

  /** On a port that nobody else takes once it was left. */
  static async start(status: ClusterStatus, port?: number): Promise<FakeCoordinator> {
    const server = createServer();
    const fake = new FakeCoordinator(server, status);
    server.on('request', (request, response) => {
      if (request.url?.startsWith('/cluster/watch')) return fake.watch(response);
      request.resume();
      fake.asked.push(request.url ?? '');
      fake.answer?.(request.url ?? '', response);
      return undefined;
    });
    server.on('upgrade', (_request, socket) => fake.openLane(socket as Socket));
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(port ?? (await freePort()), '127.0.0.1', resolve);
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
    for (const lane of this.lanes) lane.destroy();
    await promise;
  }

  /** As long as it lives. Returns what ends it. */
  pulses(make: () => WatchMessage): () => void {
    const timer = setInterval(() => this.tell(make()), PULSE_MS);
    this.server.on('close', () => clearInterval(timer));
    return () => clearInterval(timer);
  }

  private openLane(socket: Socket): void {
    this.lanes.add(socket);
    socket.on('error', () => {}).on('close', () => this.lanes.delete(socket));
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ${LANE_PROTOCOL}\r\n\r\n`);
    const lines = createInterface({ input: socket, crlfDelay: 0 });
    // It passes on what the socket suffers: a connection that was reset would end the whole suite.
    lines.on('error', () => {});
    lines.on('line', (line) => {
      const decoded = decodeAgentMessage(JSON.parse(line));
      const answer = decoded.kind === 'ok' ? this.answerTo(decoded.value) : null;
      if (answer !== null && socket.writable) socket.write(`${JSON.stringify(answer)}\n`);
    });
  }

  private answerTo(message: AgentMessage): CoordinatorMessage | null {
    switch (message.kind) {
      case 'hello':
        return { v: 1, kind: 'welcome', coordinatorId: `coordinator-${this.port}`, knownIncarnation: null };
      case 'beat':
        this.beatCount += 1;
        return { v: 1, kind: 'heard', seq: message.beat.seq, result: { nodeId: message.beat.nodeId, outcome: 'accepted', knownIncarnation: null } };
      case 'probed':
        return null;
    }
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
