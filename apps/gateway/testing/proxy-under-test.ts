/** The proxy on a raw server of its own, with the members that a test names. */
import { createServer, request as httpRequest, type IncomingMessage, type RequestOptions, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { MemberStatusView } from '@muster/contracts';
import { Registry } from 'prom-client';
import { Proxy, type ProxyOptions } from '../src/proxy/proxy.js';
import { DEFAULT_ROUTES } from '../src/proxy/routes.js';
import { silentLogger } from './silent-logger.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export class ProxyUnderTest {
  private constructor(
    readonly proxy: Proxy,
    private readonly server: Server,
    readonly metrics: Registry,
  ) {}

  static async start(members: readonly MemberStatusView[], limits: Partial<ProxyOptions['limits']> = {}): Promise<ProxyUnderTest> {
    const metrics = new Registry();
    const proxy = new Proxy({
      routes: DEFAULT_ROUTES,
      // Nobody is given up because the machine stood still: what is about time limits sets its own.
      limits: { connectTimeoutMs: 30_000, headersTimeoutMs: 30_000, bodyTimeoutMs: 30_000, connectionsPerMember: 16, inflightMax: 1000, viewStaleMs: 30_000, doubtTimeoutMs: 30_000, ...limits },
      zone: 'default',
      viewAgeMs: () => 0,
      metrics,
      logger: silentLogger,
    });
    proxy.update(members, []);
    const server = createServer((request, response) => {
      if (!proxy.handle(request, response)) response.writeHead(404).end('not the proxy');
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, '127.0.0.1', resolve);
    await promise;
    return new ProxyUnderTest(proxy, server, metrics);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Rejects when the connection is cut, also within the body. */
  ask(path: string, options: RequestOptions & { readonly body?: string | Buffer } = {}): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const { body, ...rest } = options;
    const outgoing = httpRequest({ host: '127.0.0.1', port: this.port, path, agent: false, ...rest }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, rawHeaders: answer.rawHeaders, body: Buffer.concat(chunks) }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
    return promise;
  }

  /** Value of one series; 0 when it is not there. */
  async metric(series: string): Promise<number> {
    const line = (await this.metrics.metrics()).split('\n').find((candidate) => candidate.startsWith(`${series} `));
    return line === undefined ? 0 : Number(line.slice(series.length + 1));
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.server.close(() => resolve());
    this.server.closeAllConnections();
    await promise;
    await this.proxy.close();
  }
}
