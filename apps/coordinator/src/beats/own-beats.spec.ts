import { BusError, encodeBeat, HEARTBEATS_TOPIC, type OutgoingRecord } from '@muster/contracts';
import { beat } from '../../testing/beats.js';
import { MemoryBus } from '../../testing/memory-bus.js';
import { ownBeats } from './own-beats.js';

const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

test('our own beat is taken at once, and goes through every partition', async () => {
  const sent: number[] = [];
  const own: Uint8Array[] = [];
  class Noting extends MemoryBus {
    override publish(topic: string, records: readonly OutgoingRecord[]): Promise<void> {
      sent.push(...records.map(({ partition }) => partition ?? -1));
      return super.publish(topic, records);
    }
  }
  const value = encodeBeat(beat({ nodeId: 'self' }));
  await ownBeats(new Noting(), { fromSelf: (bytes) => void own.push(bytes) }, logger).publish(HEARTBEATS_TOPIC.name, [{ key: 'self', value }]);
  expect(own).toEqual([value]);
  expect(sent).toEqual(Array.from({ length: HEARTBEATS_TOPIC.partitionCount }, (_, partition) => partition));
});

test('a bus that refuses it, or hangs, holds up nothing', async () => {
  for (const publish of [() => Promise.reject(new BusError('BUS_DOWN', true, 'away')), () => new Promise<void>(() => undefined)]) {
    const bus = ownBeats(Object.assign(new MemoryBus(), { publish }), { fromSelf: () => undefined }, logger);
    await bus.publish(HEARTBEATS_TOPIC.name, [{ key: 'self', value: encodeBeat(beat()) }]);
  }
});
