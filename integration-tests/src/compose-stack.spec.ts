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
const COORDINATORS = ['coordinator-1', 'coordinator-2', 'coordinator-3'];
const dockerfile = readFileSync(repositoryFile('docker/Dockerfile'), 'utf8');

describe('A11: the compose stack', () => {
  test('holds every service of the architecture', () => {
    expect(services.map(([name]) => name).sort()).toEqual(['consumer', ...COORDINATORS, 'gateway', 'grafana', 'kafka', 'postgres', 'producer', 'prometheus', 'redis']);
    expect(own.map(([name]) => name).sort()).toEqual(['consumer', ...COORDINATORS, 'gateway', 'producer']);
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

  test('nobody waits for a certain coordinator: any of them will do, and one that does not come up holds up nobody', () => {
    expect(services.filter(([, service]) => COORDINATORS.some((name) => name in (service.depends_on ?? {}))).map(([name]) => name)).toEqual([]);
  });

  test('services that are scaled publish no port and get their node id from the container', () => {
    for (const name of ['producer', 'consumer']) {
      const service = compose.services[name];
      expect(service).not.toHaveProperty('ports');
      expect(service).not.toHaveProperty('hostname');
      expect(service?.environment).not.toHaveProperty('MUSTER_NODE_ID');
    }
  });

  test('coordinators are alike but for their names, their data and the port outside, know of each other and expect each other', () => {
    const alike = COORDINATORS.map((name) => {
      const { hostname, environment, ports: _outside, volumes, ...rest } = compose.services[name] ?? { image: '' };
      const { MUSTER_NODE_ID: nodeId, ...settings } = environment ?? {};
      expect([hostname, nodeId, volumes]).toEqual([name, name, [`${name}-data:/var/lib/muster`]]);
      expect(settings['MUSTER_CLUSTER_COORDINATORS']).toBe(COORDINATORS.map((each) => `http://${each}:8081`).join(','));
      expect(settings).toMatchObject({ MUSTER_RAFT_EXPECT: COORDINATORS.length, MUSTER_CLUSTER_SECRET: expect.any(String) });
      return { ...rest, settings };
    });
    expect(alike).toEqual(COORDINATORS.map(() => alike[0]));
    expect(new Set(COORDINATORS.flatMap((name) => compose.services[name]?.ports ?? [])).size).toBe(COORDINATORS.length);
  });

  test('only coordinators know their secret', () => {
    expect(own.filter(([, { environment }]) => environment?.['MUSTER_CLUSTER_SECRET'] !== undefined).map(([name]) => name)).toEqual(COORDINATORS);
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
    const once = wanted.filter((each, at) => wanted.findIndex((other) => String(other.names[0]) === String(each.names[0])) === at);
    expect(discovered.map(({ names, type, port }) => ({ names, type, port })).sort(byName)).toEqual(once.sort(byName));
  });
});
