import { BusError, encodeBeat, HEARTBEATS_TOPIC, type MessageBus } from '@muster/contracts';
import { beat } from '../../testing/beats.js';
import { quiet } from '../../testing/lone-cluster.js';
import { MemoryBus } from '../../testing/memory-bus.js';
import { ownBeats } from './own-beats.js';

const AWAY = new BusError('BUS_DOWN', true, 'away');
const value = encodeBeat(beat({ nodeId: 'self' }));
const beats = [{ key: 'self', value }];

/** The lane of our own agent over a bus that publishes as it is told. */
function lane(publish: MessageBus['publish'], hasOthers: boolean) {
  const own: Uint8Array[] = [];
  const bus = ownBeats({ bus: Object.assign(new MemoryBus(), { publish }), intake: { fromSelf: (bytes) => void own.push(bytes) }, logger: quiet, hasOthers: () => hasOthers, limitMs: 20 });
  return { own, publish: () => bus.publish(HEARTBEATS_TOPIC.name, beats) };
}

test.each([true, false])('our own beat is taken at once, and goes through every partition (others: %s)', async (hasOthers) => {
  const sent: number[] = [];
  const it = lane((_, records) => {
    sent.push(...records.map(({ partition }) => partition ?? -1));
    return Promise.resolve();
  }, hasOthers);
  await it.publish();
  expect(it.own).toEqual([value]);
  expect(sent).toEqual(Array.from({ length: HEARTBEATS_TOPIC.partitionCount }, (_, partition) => partition));
});

const hangs = (): Promise<void> => new Promise(() => undefined);
const refuses = (): Promise<void> => Promise.reject(AWAY);

test.each([{ name: 'refuses it', publish: refuses }, { name: 'hangs', publish: hangs }])('where nobody else is, a bus that $name holds up nothing', async ({ publish }) => {
  const it = lane(publish, false);
  await it.publish();
  expect(it.own).toHaveLength(1);
});

test.each([{ name: 'refuses it', publish: refuses, says: /away/ }, { name: 'hangs', publish: hangs, says: /took none of our beats within 20 ms/ }])('where others have to hear of us, the agent learns in time that the bus $name, and goes another way', async ({ publish, says }) => {
  const it = lane(publish, true);
  await expect(it.publish()).rejects.toThrow(says);
  expect(it.own).toHaveLength(1);
});

test('one partition that takes it is enough', async () => {
  const it = lane((_, [record]) => (record?.partition === 3 ? Promise.resolve() : record?.partition === 0 ? hangs() : refuses()), true);
  await it.publish();
});
