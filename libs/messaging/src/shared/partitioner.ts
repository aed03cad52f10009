/** Where a record goes: to the partition it names, else to that of its key by murmur2 as Kafka's clients do it, so that both buses agree. */
import { BusError, type OutgoingRecord } from '@muster/contracts';

const SEED = 0x9747b28c;
const M = 0x5bd1e995;

export function murmur2(key: string): number {
  const data = Buffer.from(key);
  const whole = data.length & ~3;
  let hash = SEED ^ data.length;
  for (let at = 0; at < whole; at += 4) {
    let k = Math.imul(data.readInt32LE(at), M);
    k ^= k >>> 24;
    hash = Math.imul(hash, M) ^ Math.imul(k, M);
  }
  const rest = data.length - whole;
  if (rest > 0) {
    for (let index = rest - 1; index >= 0; index--) hash ^= (data[whole + index] ?? 0) << (8 * index);
    hash = Math.imul(hash, M);
  }
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}

/** The partition of a key. 0 to `partitionCount` - 1. */
export const partitionOf = (key: string, partitionCount: number): number => (murmur2(key) & 0x7fffffff) % partitionCount;

/** `nextPlace` spreads what names neither partition nor key. Throws when the partition that is named does not exist. */
export function placeOf(record: Pick<OutgoingRecord, 'key' | 'partition'>, at: { readonly topic: string; readonly partitionCount: number }, nextPlace: () => number): number {
  const { topic, partitionCount } = at;
  const { key, partition } = record;
  if (partition === undefined) return key === null ? nextPlace() % partitionCount : partitionOf(key, partitionCount);
  if (Number.isInteger(partition) && partition >= 0 && partition < partitionCount) return partition;
  throw new BusError('BUS_FAILED', false, `a record names partition ${partition} of '${topic}', which has ${partitionCount}: name 0 to ${partitionCount - 1}, or none and let the key decide`);
}
