/** Ids for log records: ordered by time for new ones, derived from the place of origin for lines of a file. */
import { createHash, randomFillSync } from 'node:crypto';

const random = Buffer.alloc(10);

/** UUID version 7: starts with the time, so that records arrive in the order of the database's index. */
export function timeOrderedId(nowUnixMs: number): string {
  randomFillSync(random);
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(nowUnixMs, 0, 6);
  random.copy(bytes, 6);
  return stamped(bytes, 7);
}

/** UUID version 8: equal parts give the equal id, so that sending a line again stores it once. */
export function derivedId(parts: readonly (string | number)[]): string {
  const bytes = createHash('sha256').update(JSON.stringify(parts)).digest().subarray(0, 16);
  return stamped(bytes, 8);
}

/** Writes version and variant (RFC 9562, section 4) and formats. */
function stamped(bytes: Buffer, version: number): string {
  bytes[6] = (bytes[6]! & 0x0f) | (version << 4);
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
