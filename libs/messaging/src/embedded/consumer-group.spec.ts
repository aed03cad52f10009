import { ConsumerGroup, type Seat } from './consumer-group.js';
import type { StoredPartition, StoredTopic } from './record-store.js';

const partitions = [0, 1].map((partition): StoredPartition => ({ id: partition, topic: 't', partition, low: 0, high: 0, lastTimestampUnixMs: 0, uncompacted: 0 }));
const topics: ReadonlyMap<string, StoredTopic> = new Map([['t', { name: 't', cleanup: 'delete', retentionMs: null, partitions }]]);
const RELEASE_TIMEOUT_MS = 1000;

/** A member that writes down what it was told. */
function seat(id: number): Seat & { readonly told: string[] } {
  const told: string[] = [];
  return {
    id,
    topics: new Set(['t']),
    told,
    granted: (at) => void told.push(...at.map(({ partition }) => `granted ${partition}`)),
    revoke: ({ partition }) => void told.push(`revoke ${partition}`),
    lost: ({ partition }) => void told.push(`lost ${partition}`),
  };
}

/** The first member holds both partitions, then the second joins: one is asked back. */
function scene() {
  const group = new ConsumerGroup('g', topics);
  const [first, second] = [seat(1), seat(2)];
  group.join(first, 0);
  group.join(second, 100);
  const asked = partitions.find((at) => group.isRevoked(first, at)) as StoredPartition;
  return { group, first, second, asked };
}

test('a partition is asked back first, and given on once it was released', () => {
  const { group, first, second, asked } = scene();
  expect(first.told).toEqual(['granted 0', 'granted 1', `revoke ${asked.partition}`]);
  expect([group.holds(first, asked), second.told]).toEqual([true, []]);
  group.release(first, asked);
  expect([group.holds(first, asked), second.told]).toEqual([false, [`granted ${asked.partition}`]]);
});

test('a holder that does not release in time is told that it lost the partition, before another gets it', () => {
  const { group, first, second, asked } = scene();
  group.expire(100 + RELEASE_TIMEOUT_MS - 1, RELEASE_TIMEOUT_MS);
  expect(second.told).toEqual([]);
  group.expire(100 + RELEASE_TIMEOUT_MS, RELEASE_TIMEOUT_MS);
  expect(first.told.at(-1)).toBe(`lost ${asked.partition}`);
  expect(second.told).toEqual([`granted ${asked.partition}`]);
  expect([group.holds(first, asked), group.holds(second, asked)]).toEqual([false, true]);
});

test('a release by somebody who does not hold the partition changes nothing', () => {
  const { group, first, second, asked } = scene();
  group.release(second, asked);
  expect([group.holds(first, asked), second.told]).toEqual([true, []]);
});
