/**
 * What a service says of itself: where to look at `/`, OpenAPI at `/docs` (page) and `/docs-json` (document), made when first asked for: most processes are never asked, and
 * the generator and its page cost more memory than a small service.
 */
import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ServiceHost } from './service-host.js';

/** The part of an OpenAPI document that services add to. */
export interface ApiDocument {
  paths: Record<string, object>;
  components?: { schemas?: Record<string, object>; securitySchemes?: Record<string, object> };
}

const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
};

export function serveApiDocs(app: NestFastifyApplication, host: ServiceHost, describe?: (document: ApiDocument) => void | Promise<void>): void {
  const server = app.getHttpAdapter().getInstance();
  let document: Promise<object> | null = null;
  server.get('/', () => ({ service: host.service, nodeId: host.nodeId, version: host.version, links: linksOf((url) => server.hasRoute({ method: 'GET', url })) }));
  server.get('/docs-json', () => (document ??= createDocument(app, host, describe)));
  server.get('/docs', (_, reply) => reply.type('text/html; charset=utf-8').send(page(host.service)));
  server.get<{ Params: { asset: string } }>('/docs/:asset', (request, reply) => {
    const type = ASSETS[request.params.asset];
    // The page, as some type it.
    if (request.params.asset === '') return reply.redirect('../docs');
    if (type === undefined) return reply.callNotFound();
    return reply.type(type).header('Cache-Control', 'max-age=86400').send(createReadStream(join(assetsFolder(), request.params.asset)));
  });
}

/** For somebody who knows no more than the address. What only some services have is asked for. */
function linksOf(hasRoute: (url: string) => boolean): Record<string, string> {
  const common = { docs: '/docs', ready: '/health/ready', metrics: '/metrics' };
  return hasRoute('/cluster/status') ? { cluster: '/cluster/status', ...common } : common;
}

async function createDocument(app: NestFastifyApplication, { service, version }: ServiceHost, describe?: (document: ApiDocument) => void | Promise<void>): Promise<object> {
  const { DocumentBuilder, SwaggerModule } = await import('@nestjs/swagger');
  const document = SwaggerModule.createDocument(app, new DocumentBuilder().setTitle(`Muster ${service}`).setVersion(version).build());
  Object.assign(document.paths, OWN_PATHS);
  // Nest names groups after controllers, which nobody outside knows.
  for (const { operation } of operationsOf(document as ApiDocument)) delete operation.tags;
  await describe?.(document as ApiDocument);
  const groups = new Set<string>();
  for (const { path, operation } of operationsOf(document as ApiDocument)) {
    operation.tags ??= [groupOf(path, service)];
    for (const tag of operation.tags) groups.add(tag);
  }
  groups.delete(COMMON);
  // What all services have stands last.
  return { ...document, tags: [...groups, COMMON].map((name) => ({ name })) };
}

interface Operation {
  tags?: string[];
}

function* operationsOf({ paths }: ApiDocument): Iterable<{ readonly path: string; readonly operation: Operation }> {
  for (const [path, operations] of Object.entries(paths)) for (const operation of Object.values(operations)) yield { path, operation: operation as Operation };
}

/** The heading under which the page shows what a path does, unless the service says otherwise. */
function groupOf(path: string, service: string): string {
  if (path in OWN_PATHS) return COMMON;
  const [, first = ''] = path.split('/');
  return SHARED_GROUPS.has(first) ? first : service;
}

const COMMON = 'every service';
const SHARED_GROUPS = new Set(['cluster', 'raft']);

/** What every service answers, without Nest. */
const OWN_PATHS = {
  '/': { get: { summary: 'Which service this is, and where to look.', responses: { 200: { description: 'name, node, version and links' } } } },
  '/health/live': { get: { summary: 'The process runs: service, node and incarnation.', responses: { 200: { description: 'alive' } } } },
  '/health/ready': { get: { summary: 'Whether the service should get traffic, with every check.', responses: { 200: { description: 'ready' }, 503: { description: 'starting, draining or not ready' } } } },
  '/metrics': { get: { summary: 'Metrics for Prometheus.', responses: { 200: { description: 'text format' } } } },
};

/** The page ships with the generator. */
function assetsFolder(): string {
  const swagger = createRequire(import.meta.url).resolve('@nestjs/swagger');
  return dirname(createRequire(swagger).resolve('swagger-ui-dist/package.json'));
}

const page = (service: string): string => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Muster ${service}</title><link rel="icon" href="data:,"><link rel="stylesheet" href="docs/swagger-ui.css"></head>
<body><div id="ui"></div><script src="docs/swagger-ui-bundle.js"></script><script>SwaggerUIBundle({ url: 'docs-json', dom_id: '#ui' });</script></body>
</html>
`;
