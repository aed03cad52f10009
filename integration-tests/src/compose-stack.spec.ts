/** What `docker-compose.yml` promises, read from the file: A11 (start order, health, scaling) without starting anything. */
import { readFileSync } from 'node:fs';
import { IMAGES, SERVER_KINDS } from '@muster/test-servers';
import { parse } from 'yaml';
import { repositoryFile } from './repository.js';

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly ports?: readonly string[];
  readonly healthcheck?: object;
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
  readonly networks?: { default: { aliases: readonly string[] } };
  readonly [key: string]: unknown;
}

const compose = parse(readFileSync(repositoryFile('docker-compose.yml'), 'utf8'), { merge: true }) as { services: Record<string, Service> };
const services = Object.entries(compose.services);
const own = services.filter(([, service]) => service.build !== undefined);
const dockerfile = readFileSync(repositoryFile('docker/Dockerfile'), 'utf8');

describe('A11: the compose stack', () => {
  test('holds every service of the architecture', () => {
    expect(services.map(([name]) => name).sort()).toEqual(['consumer', 'coordinator-1', 'gateway', 'grafana', 'kafka', 'postgres', 'producer', 'prometheus', 'redis']);
    expect(own.map(([name]) => name).sort()).toEqual(['consumer', 'coordinator-1', 'gateway', 'producer']);
  });

  test.each(services)('%s comes back when it dies, has bounds, and can be scaled by name', (_name, service) => {
    expect(service).toMatchObject({ restart: 'unless-stopped', stop_grace_period: expect.any(String), mem_limit: expect.any(String), logging: { options: { 'max-size': expect.any(String) } } });
    expect(service).not.toHaveProperty('container_name');
  });

  test.each(services)('%s says whether it is healthy', (_name, service) => {
    const fromImage = service.build !== undefined && dockerfile.includes('HEALTHCHECK') && service.environment?.['MUSTER_HTTP_PORT'] !== undefined;
    expect(fromImage || service.healthcheck !== undefined).toBe(true);
  });

  test.each(services.flatMap(([name, service]) => Object.entries(service.depends_on ?? {}).map(([on, { condition }]) => [name, on, condition])))('%s waits until %s is healthy', (_name, on, condition) => {
    expect(condition).toBe('service_healthy');
    expect(compose.services).toHaveProperty([on ?? '']);
  });

  test('services that are scaled publish no port and get their node id from the container', () => {
    for (const name of ['producer', 'consumer']) {
      const service = compose.services[name];
      expect(service).not.toHaveProperty('ports');
      expect(service).not.toHaveProperty('hostname');
      expect(service?.environment).not.toHaveProperty('MUSTER_NODE_ID');
    }
  });

  test('images are pinned to a version, and tests in containers use the same ones', () => {
    const pulled = services.filter(([, service]) => service.build === undefined).map(([, service]) => service.image);
    expect(pulled.filter((image) => !/:v?\d+(\.\d+)*(-alpine)?$/.test(image))).toEqual([]);
    expect(SERVER_KINDS.map((kind) => compose.services[kind]?.image)).toEqual(SERVER_KINDS.map((kind) => IMAGES[kind]));
  });

  test('every MUSTER_ variable is a setting that is documented', () => {
    const documented = readFileSync(repositoryFile('docs/configuration.md'), 'utf8');
    const variables = own.flatMap(([, service]) => Object.keys(service.environment ?? {})).filter((name) => name.startsWith('MUSTER_'));
    expect([...new Set(variables)].filter((name) => !documented.includes(`\`${name}\``))).toEqual([]);
  });
});

describe('Prometheus', () => {
  interface Discovery {
    readonly names: readonly string[];
    readonly type: string;
    readonly port: number;
  }
  const prometheus = parse(readFileSync(repositoryFile('docker/prometheus/prometheus.yml'), 'utf8')) as { scrape_configs: { job_name: string; dns_sd_configs?: Discovery[] }[] };
  const discovered = prometheus.scrape_configs.flatMap((job) => job.dns_sd_configs ?? []);

  test('finds every replica of every service, at the port it listens on', () => {
    const wanted = own.map(([name, service]) => ({ names: [service.networks?.default.aliases[0] ?? name], type: 'A', port: service.environment?.['MUSTER_HTTP_PORT'] }));
    const byName = (one: { names: readonly string[] }, other: { names: readonly string[] }) => String(one.names[0]).localeCompare(String(other.names[0]));
    expect(discovered.map(({ names, type, port }) => ({ names, type, port })).sort(byName)).toEqual(wanted.sort(byName));
  });
});
