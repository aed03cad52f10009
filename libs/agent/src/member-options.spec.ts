import type { Logger } from '@muster/contracts';
import { Registry } from 'prom-client';
import { FakeBus } from '../testing/fake-bus.js';
import { type MemberHost, memberOptions } from './member-options.js';

test('a service is a member under the name, address and limits of its host, which hears of boots and drains', () => {
  const heard: unknown[] = [];
  const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const health = { announceIncarnation: (incarnation: number) => void heard.push(incarnation), drain: (isDraining: boolean) => void heard.push(isDraining) };
  const host = { service: 'producer', nodeId: 'producer-1', httpUrl: '', logger: silent, metrics: new Registry(), health };
  const config = { node: { zone: 'a', tags: { rack: '7' } }, heartbeat: { intervalMs: 250 }, http: { host: '0.0.0.0' } };
  const bus = new FakeBus();
  const options = memberOptions({ config, host: host satisfies MemberHost, bus, coordinators: ['http://c:8081'] });
  expect(options).toMatchObject({ nodeId: 'producer-1', service: 'producer', zone: 'a', tags: { rack: '7' }, coordinators: ['http://c:8081'], heartbeat: { intervalMs: 250 }, probe: { host: '0.0.0.0' } });
  expect([options.bus, options.metrics, options.logger]).toEqual([bus, host.metrics, silent]);
  host.httpUrl = 'http://producer-1:8082';
  expect(typeof options.httpUrl === 'function' ? options.httpUrl() : null).toBe('http://producer-1:8082');
  options.onIncarnation?.(9);
  options.onDrain?.(true, 'maintenance');
  expect(heard).toEqual([9, true]);
});
