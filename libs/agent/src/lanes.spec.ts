import type { BeatResult, Logger } from '@muster/contracts';
import { FakeBus } from '../testing/fake-bus.js';
import { sampleBeat } from '../testing/sample-beat.js';
import { agentMetrics } from './agent-metrics.js';
import { BusLane } from './bus-lane.js';
import type { HttpLane } from './http-lane.js';
import { Lanes } from './lanes.js';

test('a late answer to an earlier beat does not change what is said of the lane', async () => {
  const bus = new FakeBus();
  const lines: string[] = [];
  const note = (_facts: object, message: string) => void lines.push(message);
  const logger: Logger = { debug: note, info: note, warn: note, error: note };
  let failEarlier: (error: Error) => void = () => {};
  const http = { isPresent: true, sendBeat: () => new Promise<BeatResult>((_, reject) => (failEarlier = reject)) } as unknown as HttpLane;
  const lanes = new Lanes({ bus: new BusLane(bus, 1000), http, metrics: agentMetrics(undefined), logger, onResult: () => {} });
  bus.behaviour = 'fails';
  const earlier = lanes.send({ ...sampleBeat, seq: 1, sentMonoMs: 1000 });
  await new Promise(setImmediate);
  bus.behaviour = 'takes';
  expect(await lanes.send({ ...sampleBeat, seq: 2, sentMonoMs: 2000 })).toBe(true);
  failEarlier(new Error('no answer in time'));
  expect(await earlier).toBe(false);
  expect(lines).toEqual(['beating through the bus']);
});
