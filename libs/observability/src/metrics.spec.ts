import { HealthRegistry } from './health-registry.js';
import { createMetrics, exposeReadiness } from './metrics.js';

test('a process tells of itself under the names that dashboards know', async () => {
  const registry = createMetrics({ service: 'producer', nodeId: 'producer-1', version: '1.2.3' });
  const text = await registry.metrics();
  const value = (name: string): number => Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
  expect(text).toContain(`muster_service_info{service="producer",node_id="producer-1",version="1.2.3",node_version="${process.version}"} 1`);
  expect(value('process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
  const { user, system } = process.cpuUsage();
  expect(text).toContain('# TYPE process_cpu_seconds_total counter');
  expect(Math.abs(value('process_cpu_seconds_total') - (user + system) / 1e6)).toBeLessThan(1);
  expect(Math.abs(value('process_start_time_seconds') + process.uptime() - Date.now() / 1000)).toBeLessThan(5);
  expect(value('nodejs_eventloop_utilization_ratio')).toBeGreaterThanOrEqual(0);
});

test('two registries in one process do not share anything', async () => {
  const names = { service: 'a', nodeId: 'a-1', version: '0' };
  await expect(Promise.all([createMetrics(names).metrics(), createMetrics(names).metrics()])).resolves.toHaveLength(2);
});

test('readiness and every check are metrics too, and a check that went away leaves none', async () => {
  const registry = createMetrics({ service: 'a', nodeId: 'a-1', version: '0' });
  const health = new HealthRegistry();
  exposeReadiness(registry, health);
  health.enter('running');
  health.register('bus', () => ({ ok: false }));
  expect(await registry.metrics()).toMatch(/^muster_service_ready 0$[^]*^muster_service_check_ok\{check="bus"\} 0$/m);
  health.unregister('bus');
  const text = await registry.metrics();
  expect(text).toMatch(/^muster_service_ready 1$/m);
  expect(text).not.toContain('check="bus"');
});
