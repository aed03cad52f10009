import { until } from '@muster/testing';
import { sampleBeat } from '../../testing/sample-beat.js';
import { EngineHost } from './engine-host.js';
import type { FromEngine } from './messages.js';
import { SharedCounters } from './shared-counters.js';

const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const hosts: EngineHost[] = [];
afterEach(() => {
  for (const host of hosts.splice(0)) host.stop();
});

test('a thread that dies leaves no claims behind: what it held open is closed, what it saw is old, and the next one goes on counting', async () => {
  const shared = new SharedCounters();
  const heard: FromEngine[] = [];
  let seen: readonly number[] = [];
  const { v, nodeId, intervalMs, service, zone, tags, resources } = sampleBeat;
  const host = new EngineHost({
    useWorker: true,
    shared,
    logger,
    setup: () => ({
      identity: { v, nodeId, intervalMs, service, zone, tags, resources },
      incarnation: 7,
      isResumed: true,
      state: 'running',
      facts: { httpUrl: null, vitals: { eventLoopDelayMs: 0, errorRate: 0, checks: [] } },
      coordinators: [],
      wire: { path: '/cluster/lane', protocol: 'muster-lane', lineBytesMax: 1000 },
      probe: null,
    }),
    onMessage: (message) => void heard.push(message),
    onDeath: () => (seen = [shared.get('lanesOpen'), shared.get('laneInUse'), shared.get('mainLagMs'), shared.get('seq')]),
  });
  hosts.push(host);
  host.start();
  await until('it beats', () => heard.some(({ kind }) => kind === 'draft'));
  const seq = shared.get('seq');
  for (const slot of ['lanesOpen', 'laneInUse', 'mainLagMs'] as const) shared.set(slot, 1);
  await host['worker']?.terminate();
  await until('its death is noticed', () => seen.length > 0);
  expect(seen).toEqual([0, 0, 0, expect.any(Number)]);
  expect(seen[3]).toBeGreaterThanOrEqual(seq);
  heard.length = 0;
  await until('another one beats', () => heard.some(({ kind }) => kind === 'draft'));
});
