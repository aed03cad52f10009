/** A coordinator's direct lane on a real port: remembers what came, answers what it is told to. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { type AgentMessage, type Beat, type BeatResult, type CoordinatorMessage, decodeAgentMessage, LANE_PATH, LANE_PROTOCOL } from '@muster/contracts';
import { freePort } from '@muster/testing';

type Answers = 'well' | 'with-another-protocol' | 'with-a-page' | 'nothing' | 'no-welcome' | 'no-heard';

export class FakeCoordinator {
  readonly beats: Beat[] = [];
  readonly hellos: { readonly nodeId: string; readonly incarnation: number }[] = [];
  readonly probed: Extract<AgentMessage, { kind: 'probed' }>[] = [];
  readonly faults: string[] = [];
  /** For each lane that ended, the state of the last beat on it. */
  readonly ends: (Beat['state'] | null)[] = [];
  readonly lanes = new Set<Socket>();
  knownIncarnation: number | null = null;
  outcome: BeatResult['outcome'] = 'accepted';
  answers: Answers = 'well';
  opens = 0;

  private constructor(
    private readonly server: Server,
    private readonly nodeId: string | null,
  ) {}

  /** Named after its port unless a name is given. */
  static async start(port = 0, nodeId: string | null = null): Promise<FakeCoordinator> {
    const server = createServer((_request, response) => response.end('{"hello":1}'));
    const fake = new FakeCoordinator(server, nodeId);
    server.on('upgrade', (request, socket) => fake.upgrade(request.url ?? '', socket as Socket));
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Agents go on calling an address that it left: nobody else may listen there, nor get it before it is opened again.
    server.once('error', reject).listen(port === 0 ? await freePort() : port, '127.0.0.1', resolve);
    await promise;
    return fake;
  }

  get coordinatorId(): string {
    return this.nodeId ?? `coordinator-${new URL(this.url).port}`;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** To every lane that is open. */
  say(message: CoordinatorMessage): void {
    for (const lane of this.lanes) lane.write(`${JSON.stringify(message)}\n`);
  }

  breakLanes(): void {
    for (const lane of this.lanes) lane.destroy();
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.server.close(() => resolve());
    this.breakLanes();
    this.server.closeAllConnections();
    await promise;
  }

  private upgrade(path: string, socket: Socket): void {
    this.opens += 1;
    socket.on('error', () => {});
    this.lanes.add(socket);
    socket.on('close', () => this.lanes.delete(socket));
    if (this.answers === 'nothing') return;
    if (this.answers === 'with-a-page' || path !== LANE_PATH) return void socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
    const protocol = this.answers === 'with-another-protocol' ? 'websocket' : LANE_PROTOCOL;
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: ${protocol}\r\n\r\n`);
    let latest: Beat['state'] | null = null;
    socket.on('end', () => socket.end());
    socket.on('close', () => this.ends.push(latest));
    const lines = createInterface({ input: socket, crlfDelay: 0 });
    // It passes on what the socket suffers: a connection that was reset would end the whole suite.
    lines.on('error', () => {});
    lines.on('line', (line) => {
      const decoded = decodeAgentMessage(JSON.parse(line));
      if (decoded.kind !== 'ok') return void this.faults.push(decoded.reason);
      if (decoded.value.kind === 'beat') latest = decoded.value.beat.state;
      this.take(decoded.value, (message) => void (socket.writable && socket.write(`${JSON.stringify(message)}\n`)));
    });
  }

  private take(message: AgentMessage, answer: (message: CoordinatorMessage) => void): void {
    switch (message.kind) {
      case 'hello':
        this.hellos.push({ nodeId: message.nodeId, incarnation: message.incarnation });
        if (this.answers !== 'no-welcome') answer({ v: 1, kind: 'welcome', coordinatorId: this.coordinatorId, knownIncarnation: this.knownIncarnation });
        return;
      case 'beat': {
        this.beats.push(message.beat);
        const { nodeId, seq } = message.beat;
        if (this.answers !== 'no-heard') answer({ v: 1, kind: 'heard', seq, result: { nodeId, outcome: this.outcome, knownIncarnation: this.knownIncarnation } });
        return;
      }
      case 'probed':
        this.probed.push(message);
    }
  }
}
