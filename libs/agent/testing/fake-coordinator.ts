/** A coordinator's beat endpoints on a real port: remembers what came, answers what it is told to. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Beat, type BeatResult, decodeBeatJson } from '@muster/contracts';

export class FakeCoordinator {
  readonly beats: Beat[] = [];
  readonly asked: string[] = [];
  knownIncarnation: number | null = null;
  outcome: BeatResult['outcome'] = 'accepted';
  /** Requests are taken and never answered. */
  hangs = false;
  /** It is another program, which answers everything with JSON of its own. */
  answersOtherwise = false;
  inFlight = 0;
  inFlightMax = 0;

  private constructor(private readonly server: Server) {}

  static async start(port = 0): Promise<FakeCoordinator> {
    const server = createServer();
    const fake = new FakeCoordinator(server);
    server.on('request', (request, response) => void fake.answer(request, response));
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(port, '127.0.0.1', resolve);
    await promise;
    return fake;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.server.close(() => resolve());
    this.server.closeAllConnections();
    await promise;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.inFlight += 1;
    this.inFlightMax = Math.max(this.inFlightMax, this.inFlight);
    response.on('close', () => (this.inFlight -= 1));
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    if (this.hangs) return;
    response.setHeader('content-type', 'application/json');
    if (this.answersOtherwise) {
      response.end('{"hello":1}');
      return;
    }
    if (request.method === 'GET') {
      this.asked.push(request.url ?? '');
      response.end(JSON.stringify({ nodeId: decodeURIComponent((request.url ?? '').split('/').at(-1) ?? ''), knownIncarnation: this.knownIncarnation }));
      return;
    }
    const results = (JSON.parse(Buffer.concat(chunks).toString()) as unknown[]).map((json) => this.take(json));
    response.end(JSON.stringify({ results }));
  }

  private take(json: unknown): BeatResult {
    const decoded = decodeBeatJson(json);
    if (decoded.kind !== 'ok') return { nodeId: null, outcome: 'rejected', knownIncarnation: null, reason: decoded.reason };
    this.beats.push(decoded.value);
    return { nodeId: decoded.value.nodeId, outcome: this.outcome, knownIncarnation: this.knownIncarnation };
  }
}
