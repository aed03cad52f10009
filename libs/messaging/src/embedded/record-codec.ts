/**
 * Records as bytes inside a frame.
 *
 * Each: `u8 flags | [u32 key] | [u32 value] | [u32 headers as JSON] | [f64 partition]`; a stored record has `u64 offset | u64 timestamp`
 * before it. The partition is sent as any number at all, so that the broker alone says which ones there are.
 */
import type { BusRecord, OutgoingRecord } from '@muster/contracts';
import { FrameError } from './frames.js';

const HAS_KEY = 1;
const HAS_VALUE = 2;
const HAS_HEADERS = 4;
const HAS_PARTITION = 8;
const PARTITION_BYTES = 8;

export interface StoredRecord {
  readonly offset: number;
  readonly timestampUnixMs: number;
  readonly key: string | null;
  readonly value: Uint8Array | null;
  /** JSON as it was sent; null for none. Kept as text so that the broker need not read it. */
  readonly headers: string | null;
}

/** A record on its way to the broker, headers still as text. */
export interface SentRecord extends Omit<StoredRecord, 'offset' | 'timestampUnixMs'> {
  readonly partition?: number;
}

type Part = { readonly key: Buffer | null; readonly value: Uint8Array | null; readonly headers: Buffer | null; readonly partition?: number };

export function encodeOutgoing(records: readonly OutgoingRecord[]): Buffer {
  return encodeParts(
    records.map((record) => ({
      key: record.key === null ? null : Buffer.from(record.key),
      value: record.value,
      headers: record.headers === undefined || Object.keys(record.headers).length === 0 ? null : Buffer.from(JSON.stringify(record.headers)),
      ...(record.partition === undefined ? {} : { partition: record.partition }),
    })),
  );
}

export function encodeStored(records: readonly StoredRecord[]): Buffer {
  const parts = records.map((record) => ({
    key: record.key === null ? null : Buffer.from(record.key),
    value: record.value,
    headers: record.headers === null ? null : Buffer.from(record.headers),
  }));
  return encodeParts(parts, records);
}

function encodeParts(parts: readonly Part[], positions?: readonly StoredRecord[]): Buffer {
  const prefix = positions === undefined ? 1 : 17;
  const size = (part: Uint8Array | null): number => (part === null ? 0 : 4 + part.byteLength);
  const out = Buffer.allocUnsafe(parts.reduce((sum, part) => sum + prefix + size(part.key) + size(part.value) + size(part.headers) + (part.partition === undefined ? 0 : PARTITION_BYTES), 0));
  let at = 0;
  const put = (part: Uint8Array | null): void => {
    if (part === null) return;
    at = out.writeUInt32BE(part.byteLength, at);
    out.set(part, at);
    at += part.byteLength;
  };
  for (const [index, part] of parts.entries()) {
    const position = positions?.[index];
    if (position !== undefined) {
      at = out.writeBigUInt64BE(BigInt(position.offset), at);
      at = out.writeBigUInt64BE(BigInt(position.timestampUnixMs), at);
    }
    at = out.writeUInt8((part.key === null ? 0 : HAS_KEY) | (part.value === null ? 0 : HAS_VALUE) | (part.headers === null ? 0 : HAS_HEADERS) | (part.partition === undefined ? 0 : HAS_PARTITION), at);
    put(part.key);
    put(part.value);
    put(part.headers);
    if (part.partition !== undefined) at = out.writeDoubleBE(part.partition, at);
  }
  return out;
}

/** Reads what a client sent. Throws a `FrameError` when the bytes do not add up. */
export function decodeOutgoing(body: Buffer): SentRecord[] {
  const cursor = new Cursor(body);
  const records: SentRecord[] = [];
  while (!cursor.atEnd()) records.push(cursor.record());
  return records;
}

export function decodeStored(body: Buffer): BusRecord[] {
  const cursor = new Cursor(body);
  const records: BusRecord[] = [];
  while (!cursor.atEnd()) {
    const offset = cursor.u64();
    const timestampUnixMs = Number(cursor.u64());
    const { key, value, headers } = cursor.record();
    records.push({ offset, timestampUnixMs, key, value, headers: headers === null ? {} : (JSON.parse(headers) as Record<string, string>) });
  }
  return records;
}

class Cursor {
  #at = 0;
  constructor(private readonly body: Buffer) {}

  atEnd(): boolean {
    return this.#at >= this.body.length;
  }

  u64(): bigint {
    return this.body.readBigUInt64BE(this.#take(8));
  }

  record(): SentRecord {
    const flags = this.body.readUInt8(this.#take(1));
    const key = flags & HAS_KEY ? this.#part().toString('utf8') : null;
    const value = flags & HAS_VALUE ? this.#part() : null;
    const headers = flags & HAS_HEADERS ? this.#part().toString('utf8') : null;
    return flags & HAS_PARTITION ? { key, value, headers, partition: this.body.readDoubleBE(this.#take(PARTITION_BYTES)) } : { key, value, headers };
  }

  #part(): Buffer {
    const bytes = this.body.readUInt32BE(this.#take(4));
    const from = this.#take(bytes);
    return this.body.subarray(from, from + bytes);
  }

  #take(bytes: number): number {
    const from = this.#at;
    if (from + bytes > this.body.length) throw new FrameError(`a record needs ${bytes} bytes more than its frame has`);
    this.#at = from + bytes;
    return from;
  }
}
