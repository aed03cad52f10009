import { FakeBus } from '../testing/fake-bus.js';
import { sampleBeat as beat } from '../testing/sample-beat.js';
import { BusLane } from './bus-lane.js';

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
