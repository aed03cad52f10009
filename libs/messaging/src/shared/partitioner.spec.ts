import fc from 'fast-check';
import { Partitioners, type PartitionMetadata } from 'kafkajs';
import { partitionOf } from './partitioner.js';

describe('the partitioner', () => {
  it("chooses as Kafka's own partitioner does, for any key", () => {
    const kafkas = Partitioners.DefaultPartitioner();
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), fc.integer({ min: 1, max: 64 }), (key, count) => {
        const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({ partitionId, leader: 1 })) as PartitionMetadata[];
        expect(partitionOf(key, count)).toBe(kafkas({ topic: 't', partitionMetadata, message: { key, value: null } }));
      }),
      { numRuns: 500 },
    );
  });
});
