/** What a record weighs on the wire, and which records are refused before they are sent. */
import { BusError, type OutgoingRecord } from '@muster/contracts';

/** Bytes that offsets, lengths and checksums add to a record. */
const OVERHEAD_BYTES = 64;

/** Bytes of key, value and headers plus overhead. */
export function recordBytes(record: OutgoingRecord): number {
  let bytes = OVERHEAD_BYTES + (record.value?.byteLength ?? 0);
  if (record.key !== null) bytes += Buffer.byteLength(record.key);
  if (record.headers !== undefined) {
    for (const [name, value] of Object.entries(record.headers)) bytes += Buffer.byteLength(name) + Buffer.byteLength(value) + 8;
  }
  return bytes;
}

/** Bytes of all records; throws when one is larger than any broker will take. */
export function checkedBytes(topic: string, records: readonly OutgoingRecord[], recordBytesMax: number): number {
  let sum = 0;
  for (const record of records) {
    const bytes = recordBytes(record);
    if (bytes > recordBytesMax) {
      throw new BusError('BUS_RECORD_TOO_LARGE', false, `a record for '${topic}' (key ${JSON.stringify(record.key)}) has ${bytes} bytes, at most ${recordBytesMax} are taken: split it, or store it elsewhere and send a reference`);
    }
    sum += bytes;
  }
  return sum;
}
