import { request as httpRequest, type IncomingMessage } from 'node:http';
import { httpSection, sections } from '@muster/config';
import { BusError, errorBodySchema } from '@muster/contracts';
import { type BeforeApplicationShutdown, Body, Controller, Get, Inject, Injectable, Module, NotFoundException, type OnApplicationShutdown, type OnModuleDestroy, Post, Res } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { AppError } from './app-error.js';
import { HealthRegistry } from './health-registry.js';
import { METRICS } from './metrics.js';
import { SERVICE_HOST, type ServiceHost } from './service-host.js';
import { type RunningService, type ServiceDefinition, startService } from './start-service.js';

const schema = z.strictObject({ node: sections.node, log: sections.log, http: httpSection(0) });
type Definition = ServiceDefinition<z.output<typeof schema>>;

const thrown: Record<string, () => unknown> = {
  app: () => new AppError('NO_QUORUM', 'ask another coordinator', { statusCode: 503 }),
  bus: () => new BusError('BUS_DOWN', true, 'no broker answers'),
  nest: () => new NotFoundException('no such thing'),
  bug: () => new TypeError('internal detail'),
};
const seen: string[] = [];
/** Runs while the service leaves. */
let leaving = async (): Promise<void> => {};
const gates = new Map<string, () => void>();

@Controller()
class ProbeController {
  @Get('throw/app') app(): void { throw thrown['app']?.(); }
  @Get('throw/bus') bus(): void { throw thrown['bus']?.(); }
  @Get('throw/nest') nest(): void { throw thrown['nest']?.(); }
  @Get('throw/bug') bug(): void { throw thrown['bug']?.(); }
  @Post('echo') echo(@Body() body: object): object { return body; }
  @Get('slow') slow(): Promise<string> {
    return new Promise((resolve) => gates.set('slow', () => resolve('done')));
  }
  @Get('stream') stream(@Res() reply: { hijack(): void; raw: ServerResponse }): void {
    reply.hijack();
    reply.raw.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: 1\n\n');
  }
}

@Injectable()
class Witness implements OnModuleDestroy, BeforeApplicationShutdown, OnApplicationShutdown {
  constructor(
    @Inject(SERVICE_HOST) readonly host: ServiceHost,
    @Inject(METRICS) readonly metrics: unknown,
    readonly health: HealthRegistry,
  ) {}

  async onModuleDestroy(): Promise<void> {
    const ready = await get(new URL('/health/ready', `http://127.0.0.1:${new URL(this.host.httpUrl).port}`).href);
    const live = await get(`http://127.0.0.1:${new URL(this.host.httpUrl).port}/health/live`);
    await leaving();
    seen.push(`leave: ready ${ready.status} ${String(ready.body['status'])}, live ${live.status}`);
  }

  async beforeApplicationShutdown(): Promise<void> {
    seen.push('before');
    await Promise.resolve();
  }

  async onApplicationShutdown(): Promise<void> {
    const answer = await get(`http://127.0.0.1:${new URL(this.host.httpUrl).port}/health/live`).catch((error: unknown) => (error as Error).message);
    seen.push(`infrastructure: ${typeof answer === 'string' ? 'socket closed' : 'socket open'}`);
  }
}

@Module({ controllers: [ProbeController], providers: [Witness] })
class ProbeModule {}

async function get(url: string, init: RequestInit = {}): Promise<{ status: number; body: Record<string, unknown>; headers: Headers }> {
  const answer = await fetch(url, { ...init, headers: { connection: 'close', ...(init.headers as Record<string, string>) } });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown>, headers: answer.headers };
}

const open: RunningService[] = [];
async function start(overrides: Partial<Definition> = {}): Promise<RunningService & { url: string }> {
  const service = await startService<z.output<typeof schema>>({
    env: { MUSTER_HTTP_HOST: '127.0.0.1', MUSTER_LOG_LEVEL: 'silent', MUSTER_NODE_ID: 'probe-1' },
    service: 'probe',
    version: '1.0.0',
    schema,
    build: () => ProbeModule,
    ...overrides,
  });
  open.push(service);
  return { ...service, url: service.host.httpUrl };
}
beforeEach(() => {
  seen.splice(0);
  leaving = async () => {};
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((service) => service.close()));
});

test('port 0 is advertised as the port that was really taken', async () => {
  const { url, port } = await start();
  expect(port).toBeGreaterThan(0);
  expect(url).toBe(`http://127.0.0.1:${port}`);
  await expect(get(`${url}/health/live`)).resolves.toMatchObject({ status: 200, body: { status: 'ok', service: 'probe', nodeId: 'probe-1' } });
});

test('the live answer tells which boot of the node it is, once that is known', async () => {
  const { url, host } = await start();
  expect((await get(`${url}/health/live`)).body).not.toHaveProperty('incarnation');
  host.health.announceIncarnation(77);
  expect((await get(`${url}/health/live`)).body).toMatchObject({ incarnation: 77 });
});

test('health answers while the application is still being built; everything else is told to come back', async () => {
  let answers: Awaited<ReturnType<typeof get>>[] = [];
  await start({
    build: async (_, host) => {
      answers = await Promise.all(['/health/live', '/health/ready', '/anything'].map((path) => get(host.httpUrl + path)));
      return ProbeModule;
    },
  });
  expect(answers.map(({ status, body }) => [status, body['status'] ?? body['code']])).toEqual([[200, 'ok'], [503, 'starting'], [503, 'STARTING']]);
  expect(answers[2]?.headers.get('retry-after')).toBe('1');
});

test('readiness follows the checks, and metrics are served', async () => {
  const { url, host } = await start();
  expect((await get(`${url}/health/ready`)).status).toBe(200);
  host.health.register('bus', () => ({ ok: false, detail: 'down' }));
  await expect(get(`${url}/health/ready`)).resolves.toMatchObject({ status: 503, body: { status: 'not-ready', checks: [{ name: 'bus', ok: false, detail: 'down' }] } });
  expect((await get(`${url}/health/live`)).status).toBe(200);
  await (await fetch(`${url}/nothing`)).text();
  const text = await (await fetch(`${url}/metrics`)).text();
  expect(text).toContain('muster_service_info{');
  expect(text).toContain('http_request_duration_seconds_count{method="GET",status="404"} 1');
});

describe('an error body has code, status and sentence', () => {
  const cases: [string, RequestInit & { path: string }, object][] = [
    ['an AppError', { path: '/throw/app' }, { statusCode: 503, code: 'NO_QUORUM', message: 'ask another coordinator' }],
    ['a BusError', { path: '/throw/bus' }, { statusCode: 503, code: 'BUS_DOWN', message: 'no broker answers' }],
    ['an exception of Nest', { path: '/throw/nest' }, { statusCode: 404, code: 'NOT_FOUND', message: 'no such thing' }],
    ['a bug', { path: '/throw/bug' }, { statusCode: 500, code: 'INTERNAL', message: 'an error that nobody foresaw; the log of this service has it' }],
    ['a path that is not there', { path: '/nowhere' }, { statusCode: 404, code: 'NOT_FOUND', message: 'Cannot GET /nowhere' }],
    ['a body that is no JSON', { path: '/echo', method: 'POST', body: '{', headers: { 'content-type': 'application/json' } }, { statusCode: 400, code: 'BAD_REQUEST' }],
    ['an empty body said to be JSON', { path: '/echo', method: 'POST', headers: { 'content-type': 'application/json' } }, { statusCode: 400, code: 'BAD_REQUEST' }],
    ['a body of another kind', { path: '/echo', method: 'POST', body: 'x', headers: { 'content-type': 'image/png' } }, { statusCode: 415, code: 'UNSUPPORTED_MEDIA_TYPE' }],
    ['a body too large', { path: '/echo', method: 'POST', body: `"${'x'.repeat(17 * 1024 * 1024)}"`, headers: { 'content-type': 'application/json' } }, { statusCode: 413, code: 'BODY_TOO_LARGE' }],
    ['a path that cannot be decoded', { path: '/%zz' }, { statusCode: 400, code: 'BAD_REQUEST' }],
  ];
  test.each(cases)('%s', async (_, { path, ...init }, body) => {
    const { url } = await start();
    const answer = await get(url + path, init);
    expect(answer.body).toMatchObject(body);
    expect(answer.status).toBe(answer.body['statusCode']);
    expect(errorBodySchema.parse(answer.body)).toEqual(answer.body);
  });
});

describe('the raw handler', () => {
  test('takes what it wants, before Nest', async () => {
    const { url } = await start({
      rawHandler: () => (request, response) => {
        if (request.url !== '/api/raw') return false;
        response.end('{"raw":true}');
        return true;
      },
    });
    expect((await get(`${url}/api/raw`)).body).toEqual({ raw: true });
  });

  test('leaves what it does not want untouched, the body included', async () => {
    const { url } = await start({ rawHandler: () => () => false });
    const answer = await get(`${url}/echo`, { method: 'POST', body: '{"a":[1,"ü"]}', headers: { 'content-type': 'application/json' } });
    expect(answer).toMatchObject({ status: 201, body: { a: [1, 'ü'] } });
  });

  test('costs one request when it throws, not the process', async () => {
    const { url } = await start({
      rawHandler: () => (request) => {
        if (request.url === '/broken') throw new TypeError('a bug');
        return false;
      },
    });
    expect((await get(`${url}/broken`)).body).toMatchObject({ statusCode: 500, code: 'INTERNAL' });
    expect((await get(`${url}/throw/nest`)).status).toBe(404);
  });

  test('never gets health and metrics', async () => {
    const urls: string[] = [];
    const { url } = await start({
      rawHandler: () => (request) => {
        urls.push(request.url ?? '');
        return false;
      },
    });
    await get(`${url}/health/ready?verbose`);
    await (await fetch(`${url}/metrics`)).text();
    await get(`${url}/other`);
    expect(urls).toEqual(['/other']);
  });
});

describe('the address without a path', () => {
  test('names the service and where to look, and every link answers', async () => {
    const { url } = await start();
    const { status, body } = await get(`${url}/`);
    expect({ status, body }).toMatchObject({ status: 200, body: { service: 'probe', nodeId: expect.any(String), version: '1.0.0', links: { docs: '/docs', ready: '/health/ready', metrics: '/metrics' } } });
    expect(body['links']).not.toHaveProperty('cluster');
    for (const link of Object.values(body['links'] as Record<string, string>)) expect((await fetch(new URL(link, url))).status).toBe(200);
  });
});

describe('the documentation of the API', () => {
  test('is made from the routes when first asked for, and completed by the service', async () => {
    const { url } = await start({ describeApi: (document) => void (document.paths['/extra'] = { get: {} }) });
    const { body } = await get(`${url}/docs-json`);
    expect(body).toMatchObject({ info: { title: 'Muster probe', version: '1.0.0' }, paths: { '/': {}, '/echo': { post: {} }, '/health/live': {}, '/metrics': {}, '/extra': {} } });
  });

  test('has what is particular to the service before what every service answers, and groups that readers know', async () => {
    const { url } = await start({ describeApi: (document) => void Object.assign(document.paths, { '/cluster/x': { get: {} }, '/raft/x': { get: {} }, '/extra': { get: { tags: ['more'] } } }) });
    const { body } = await get(`${url}/docs-json`);
    const { paths, tags } = body as unknown as { paths: Record<string, Record<string, { tags: string[] }>>; tags: { name: string }[] };
    const groupOf = (path: string): string[] => Object.values(paths[path] ?? {}).flatMap((operation) => operation.tags);
    expect(['/echo', '/cluster/x', '/raft/x', '/extra', '/metrics'].map(groupOf)).toEqual([['probe'], ['cluster'], ['raft'], ['more'], ['every service']]);
    expect(tags.map(({ name }) => name)).toEqual(['probe', 'cluster', 'raft', 'more', 'every service']);
  });

  test('has a page that works without another host', async () => {
    const { url } = await start();
    const page = await (await fetch(`${url}/docs`)).text();
    const assets = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => new URL(match[1] ?? '', `${url}/docs`).href);
    // Style, program, and an icon that needs no request.
    expect(assets.map((asset) => new URL(asset).protocol)).toEqual(['data:', 'http:', 'http:']);
    for (const asset of assets) expect((await fetch(asset)).status).toBe(200);
    expect((await get(`${url}/docs/package.json`)).status).toBe(404);
    expect((await fetch(`${url}/docs/`)).url).toBe(`${url}/docs`);
  });
});

describe('the end', () => {
  test('goes in order: not ready but alive, leave, socket closed, infrastructure', async () => {
    const service = await start();
    await service.close();
    expect(seen).toEqual(['leave: ready 503 draining, live 200', 'before', 'infrastructure: socket closed']);
  });

  test('asks clients that keep connections to go elsewhere as soon as it begins', async () => {
    const service = await start();
    const headers: (string | null)[] = [];
    const ask = async (): Promise<void> => void headers.push((await fetch(`${service.url}/health/live`)).headers.get('connection'));
    await ask();
    leaving = ask;
    await service.close();
    expect(headers).toEqual(['keep-alive', 'close']);
  });

  test('lets a request under way finish', async () => {
    const service = await start();
    const answer = fetch(`${service.url}/slow`).then((response) => response.text());
    while (!gates.has('slow')) await new Promise((resolve) => setImmediate(resolve));
    const closing = service.close();
    while (!seen.includes('before')) await new Promise((resolve) => setImmediate(resolve));
    gates.get('slow')?.();
    await expect(answer).resolves.toBe('done');
    await closing;
  });

  test('cuts a stream that does not end by itself', async () => {
    const service = await start();
    const stream = await new Promise<IncomingMessage>((resolve) => httpRequest(`${service.url}/stream`, resolve).end());
    stream.resume();
    const ended = new Promise((resolve) => stream.once('close', resolve).once('error', () => undefined));
    await service.close();
    await ended;
  });
});

test('a service whose start fails lets go of its port', async () => {
  let port = 0;
  const failing = () =>
    start({
      build: (_, host) => {
        port = Number(new URL(host.httpUrl).port);
        throw new AppError('NO_DATABASE', 'x', { statusCode: 500 });
      },
    });
  const again = async (): Promise<unknown> => {
    await expect(failing()).rejects.toMatchObject({ code: 'NO_DATABASE' });
    return start({ env: { MUSTER_HTTP_HOST: '127.0.0.1', MUSTER_HTTP_PORT: String(port), MUSTER_LOG_LEVEL: 'silent' } }).catch((error: unknown) => error);
  };
  let second = await again();
  // The system may give the port to somebody else in between, and hardly does so three times.
  for (let attempt = 1; attempt < 3 && second instanceof AppError && second.code === 'PORT_TAKEN'; attempt += 1) second = await again();
  expect(second).toMatchObject({ port });
});

test('a port that is taken is named with its remedy', async () => {
  const first = await start();
  const second = start({ env: { MUSTER_HTTP_HOST: '127.0.0.1', MUSTER_HTTP_PORT: String(first.port), MUSTER_LOG_LEVEL: 'silent' } });
  await expect(second).rejects.toMatchObject({ code: 'PORT_TAKEN', message: expect.stringContaining(`port ${first.port} is taken`) as string });
});

describe('message handlers', () => {
  /** A transport that is connected when the test says so. */
  class GatedTransport {
    connected: (error?: Error) => void = () => undefined;
    isClosed = false;

    listen(callback: (error?: Error) => void): void {
      this.connected = callback;
    }

    close(): void {
      this.isClosed = true;
    }

    on(): void {}
    unwrap(): null {
      return null;
    }
    setTransportId(): void {}
    setOnProcessingStartHook(): void {}
    setOnProcessingEndHook(): void {}
    getHandlers(): Map<string, unknown> {
      return new Map();
    }
  }

  const withTransport = (transport: GatedTransport) => start({ configure: (app) => void app.connectMicroservice({ strategy: transport }) });

  test('HTTP answers before they read, and says that it is not ready until then', async () => {
    const transport = new GatedTransport();
    const service = await withTransport(transport);
    expect((await get(`${service.url}/nowhere`)).status).toBe(404);
    await expect(get(`${service.url}/health/ready`)).resolves.toMatchObject({ status: 503, body: { checks: [{ name: 'subscriptions', ok: false, detail: 'still being made' }] } });
    transport.connected();
    await service.subscribed;
    expect((await get(`${service.url}/health/ready`)).status).toBe(200);
  });

  test('a failure to begin is handed to whoever waits for it', async () => {
    const transport = new GatedTransport();
    const service = await withTransport(transport);
    transport.connected(new Error('topic has another shape'));
    await expect(service.subscribed).rejects.toThrow('topic has another shape');
  });

  test('the end does not wait for a transport that never connected', async () => {
    const transport = new GatedTransport();
    const service = await withTransport(transport);
    await service.close();
    expect(transport.isClosed).toBe(true);
  });
});
