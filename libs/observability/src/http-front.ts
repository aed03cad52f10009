/**
 * The listening socket of a service, open before the application exists and until it is gone.
 *
 * Answers health and metrics itself, so that they work while the application starts, waits for its bus or drains; offers
 * a request to the raw handler next (data path), and gives the rest to the application.
 */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Logger } from '@muster/contracts';
import { Histogram, type Registry } from 'prom-client';
import { errorResponse } from './error-response.js';
import type { HealthRegistry } from './health-registry.js';

/** Gets a request before the application; true means that it has taken it, false that it left it untouched. */
export type RawHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface FrontIdentity {
  readonly service: string;
  readonly nodeId: string;
  readonly health: HealthRegistry;
  readonly metrics: Registry;
  readonly logger: Logger;
}

/** Longer than the idle time of usual proxies (60 s), so that it is them who close idle connections. Milliseconds. */
const KEEP_ALIVE_MS = 72_000;
/** A moment for what is under way when the service closes. Milliseconds. */
const DRAIN_MS = 2_000;
/** How long a connection without a request may live on then: its request may be on the way. Milliseconds. */
const IDLE_DRAIN_MS = 200;

export class HttpFront {
  readonly server: Server;
  private identity: FrontIdentity | null = null;
  private durations: Histogram<'method' | 'status'> | null = null;
  private rawHandler: RawHandler | null = null;
  private application: RequestListener | null = null;
  private isOpen = false;
  private isDraining = false;
  private isClosing = false;
  /** Connections without a request. The server's own notion of idle leaves out those that never had one. */
  private readonly idle = new Set<Socket>();

  /** `drainMs` is how long requests under way may go on once the service closes. Milliseconds. */
  constructor(private readonly drainMs = DRAIN_MS) {
    this.server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
      this.track(request.socket, response);
      this.route(request, response);
    });
    this.server.on('connection', (socket) => {
      this.idle.add(socket);
      socket.once('close', () => this.idle.delete(socket));
    });
  }

  /** Resolves with the real port. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ host, port }, () => {
        this.server.off('error', reject);
        resolve((this.server.address() as AddressInfo).port);
      });
    });
  }

  identify(identity: FrontIdentity): void {
    this.identity = identity;
    this.durations = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Time from the head of a request to the end of its answer, by method and status; data path and health answers not included.',
      labelNames: ['method', 'status'],
      buckets: [0.005, 0.025, 0.1, 0.5, 2.5, 10],
      registers: [identity.metrics],
    });
  }

  offerRaw(handler: RawHandler): void {
    this.rawHandler = handler;
  }

  /** Names the application's handler; requests reach it after `openApplication`. */
  attach(application: RequestListener): void {
    this.application = application;
  }

  openApplication(): void {
    this.isOpen = true;
  }

  /** From here on every answer asks its client to come back on another connection, best to another node. */
  drain(): void {
    this.isDraining = true;
  }

  /** Takes no new connections, lets requests end for a moment, then cuts what is left. */
  close(): Promise<void> {
    if (this.isClosing || !this.server.listening) return Promise.resolve();
    this.isClosing = true;
    this.drain();
    return new Promise((resolve) => {
      const cutIdle = setTimeout(() => this.idle.forEach((socket) => socket.destroy()), IDLE_DRAIN_MS);
      const cutAll = setTimeout(() => this.server.closeAllConnections(), this.drainMs);
      this.server.close(() => {
        clearTimeout(cutIdle);
        clearTimeout(cutAll);
        resolve();
      });
    });
  }

  private track(socket: Socket, response: ServerResponse): void {
    this.idle.delete(socket);
    response.once('close', () => {
      if (!socket.destroyed) this.idle.add(socket);
    });
  }

  private route(request: IncomingMessage, response: ServerResponse): void {
    if (this.isDraining) response.setHeader('Connection', 'close');
    const path = pathOf(request.url ?? '/');
    if (this.identity !== null && (request.method === 'GET' || request.method === 'HEAD') && this.answerSelf(path, this.identity, response)) return;
    if (this.rawHandler !== null && this.answerRaw(this.rawHandler, request, response)) return;
    if (this.application === null || !this.isOpen) {
      response.setHeader('Retry-After', '1');
      json(response, 503, { statusCode: 503, code: 'STARTING', message: 'this service is starting; try again in a second' });
      return;
    }
    this.observe(request.method ?? '', response);
    this.application(request, response);
  }

  /** An exception of the data path costs one request, not the process with all its others. */
  private answerRaw(handler: RawHandler, request: IncomingMessage, response: ServerResponse): boolean {
    try {
      return handler(request, response);
    } catch (error) {
      this.identity?.logger.error({ err: error, method: request.method, url: request.url }, 'the data path failed in a way nobody foresaw');
      if (response.headersSent) response.destroy();
      else json(response, 500, errorResponse(error).body);
      return true;
    }
  }

  private observe(method: string, response: ServerResponse): void {
    const startedMs = performance.now();
    response.once('finish', () => this.durations?.observe({ method, status: String(response.statusCode) }, (performance.now() - startedMs) / 1000));
  }

  private answerSelf(path: string, identity: FrontIdentity, response: ServerResponse): boolean {
    const { service, nodeId, health, metrics } = identity;
    switch (path) {
      case '/health/live': {
        const incarnation = health.currentIncarnation();
        json(response, 200, { status: 'ok', service, nodeId, ...(incarnation === null ? {} : { incarnation }) });
        return true;
      }
      case '/health/ready': {
        const { ready, status, checks } = health.readiness();
        json(response, ready ? 200 : 503, { status, service, nodeId, checks });
        return true;
      }
      case '/metrics':
        void answerMetrics(metrics, response);
        return true;
      default:
        return false;
    }
  }
}

async function answerMetrics(metrics: Registry, response: ServerResponse): Promise<void> {
  try {
    const text = await metrics.metrics();
    response.writeHead(200, { 'Content-Type': metrics.contentType }).end(text);
  } catch (error) {
    json(response, 500, { statusCode: 500, code: 'METRICS_FAILED', message: `a metric could not be read: ${error instanceof Error ? error.message : String(error)}` });
  }
}

function json(response: ServerResponse, statusCode: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(statusCode, { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': Buffer.byteLength(text), 'Cache-Control': 'no-store' }).end(text);
}

function pathOf(url: string): string {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}
