import { HealthRegistry } from './health-registry.js';

function registryWith(checks: Record<string, boolean>): HealthRegistry {
  const registry = new HealthRegistry();
  for (const [name, ok] of Object.entries(checks)) registry.register(name, () => ({ ok }));
  return registry;
}

test.each([
  ['starting', {}, false, 'starting'],
  ['starting', { bus: true }, false, 'starting'],
  ['running', {}, true, 'ready'],
  ['running', { bus: true, disk: true }, true, 'ready'],
  ['running', { bus: true, disk: false }, false, 'not-ready'],
  ['draining', { bus: true }, false, 'draining'],
] as const)('%s with checks %j: ready is %s, status %s', (phase, checks, ready, status) => {
  const registry = registryWith(checks);
  registry.enter(phase);
  expect(registry.readiness()).toMatchObject({ ready, status });
});

test('a service that an operator drains is not ready, until that is taken back', () => {
  const registry = registryWith({ bus: true });
  registry.enter('running');
  registry.drain(true);
  expect(registry.readiness()).toMatchObject({ ready: false, status: 'draining' });
  registry.drain(false);
  expect(registry.readiness()).toMatchObject({ ready: true, status: 'ready' });
});

test('a drain during the start does not hide that the service has not started', () => {
  const registry = registryWith({});
  registry.drain(true);
  expect(registry.readiness().status).toBe('starting');
});

test('a check is read when somebody asks, not before', () => {
  const registry = new HealthRegistry();
  registry.enter('running');
  let ok = false;
  registry.register('bus', () => ({ ok, detail: ok ? 'up' : 'down for 2 s' }));
  expect(registry.readiness()).toEqual({ ready: false, status: 'not-ready', checks: [{ name: 'bus', ok: false, detail: 'down for 2 s' }] });
  ok = true;
  expect(registry.readiness().ready).toBe(true);
});

test('a check that throws is not ok, and says why', () => {
  const registry = new HealthRegistry();
  registry.register('disk', () => {
    throw new Error('EIO');
  });
  expect(registry.readiness().checks).toEqual([{ name: 'disk', ok: false, detail: 'the check itself failed: EIO' }]);
});

test('a check of the same name takes the place of the first, and can be taken away', () => {
  const registry = registryWith({ bus: false });
  registry.register('bus', () => ({ ok: true }));
  expect(registry.readiness().checks).toEqual([{ name: 'bus', ok: true }]);
  registry.unregister('bus');
  expect(registry.readiness().checks).toEqual([]);
});
