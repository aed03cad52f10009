import type { Beat } from '@muster/contracts';
import { FakeBus } from '../testing/fake-bus.js';
import { BusLane } from './bus-lane.js';

const beat: Beat = {
  v: 1,
  nodeId: 'node-1',
  incarnation: 1,
  seq: 1,
  sentMonoMs: 0,
  sentUnixMs: 0,
  intervalMs: 1000,
  state: 'running',
  service: 'producer',
  zone: 'default',
  tags: {},
  resources: { cores: 1, memoryBytes: 1 },
  httpUrl: null,
  vitals: { cpuProcess: 0, cpuHost: 0, memory: 0, eventLoopDelayMs: 0, errorRate: 0, checks: [] },
};

test('beats that cannot be written, or a bus that throws, take no place for good', async () => {
  const bus = new FakeBus();
  const lane = new BusLane(bus, 1000);
  for (let n = 0; n < 5; n++) await expect(lane.sendBeat({ ...beat, httpUrl: 'nowhere' })).rejects.toThrow('httpUrl');
  bus.behaviour = 'throws';
  for (let n = 0; n < 5; n++) await expect(lane.sendBeat(beat)).rejects.toThrow('at once');
  bus.behaviour = 'takes';
  await lane.sendBeat(beat);
  expect(bus.beats).toEqual([beat]);
});
