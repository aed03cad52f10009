import { createRequire } from 'node:module';
import fc from 'fast-check';
import { type BatchReader, batchReader, type FetchCursor, type FetchedBatch } from './record-batches.js';

const require = createRequire(import.meta.url);
const original = require('kafkajs/src/protocol/recordBatch/v0/decoder') as BatchReader;
const encodeBatch = (require('kafkajs/src/protocol/recordBatch/v0') as { RecordBatch: (batch: object) => Promise<{ buffer: Buffer }> }).RecordBatch;
const encodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => unknown;
const Decoder = require('kafkajs/src/protocol/decoder') as new (buffer: Buffer) => FetchCursor;
const Long = require('kafkajs/src/utils/long') as { fromValue: (value: number | bigint) => unknown };

const never: BatchReader = () => {
  throw new Error('it was left to the library');
};

interface Made {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: Record<string, string | string[]>;
  readonly timestampDelta: number;
}

async function batchOf(made: readonly Made[], facts: { compression?: number; transactional?: boolean; firstOffset?: number } = {}): Promise<Buffer> {
  const { firstOffset = 0, ...rest } = facts;
  const records = made.map((record, position) => encodeRecord({ ...record, timestampDelta: Long.fromValue(record.timestampDelta), offsetDelta: position, key: record.key === null ? null : Buffer.from(record.key), value: record.value === null ? null : Buffer.from(record.value) }));
  const encoded = await encodeBatch({ ...rest, firstOffset: Long.fromValue(firstOffset), firstTimestamp: 1_795_000_000_000, maxTimestamp: 1_795_000_000_500, lastOffsetDelta: made.length - 1, producerId: Long.fromValue(7), producerEpoch: 2, firstSequence: 11, records });
  return encoded.buffer;
}

const read = async (bytes: Buffer, reader: BatchReader): Promise<FetchedBatch & { readonly end: number }> => {
  const cursor = new Decoder(bytes);
  const batch = await reader(cursor);
  return { ...batch, end: cursor.offset };
};

const bytes = fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null });
/** The library takes a header `valueOf` for a second one, since every object has something of that name. */
const headerName = fc.string({ minLength: 1, maxLength: 8 }).filter((name) => !(name in {}));
const headers = fc.dictionary(headerName, fc.oneof(fc.string({ maxLength: 12 }), fc.array(fc.string({ maxLength: 4 }), { minLength: 2, maxLength: 3 })), { maxKeys: 3 });
const record = fc.record({ key: bytes, value: bytes, headers, timestampDelta: fc.integer({ min: -5_000_000_000, max: 5_000_000_000 }) });
const one: Made = { key: new Uint8Array([1]), value: new Uint8Array([2, 3]), headers: {}, timestampDelta: 4 };

describe('record batches of a fetch', () => {
  it('read as the client library reads them, whatever is in them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 20 }), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 100 }), fc.boolean(), async (made, firstOffset, transactional) => {
        const encoded = await batchOf(made, { firstOffset, transactional });
        const [ours, theirs] = [await read(encoded, batchReader(never)), await read(encoded, original)];
        expect(ours).toEqual(theirs);
      }),
      { numRuns: 200 },
    );
  });

  it.each([
    ['a control batch', 0x20],
    ['a batch with the time of the broker', 0x08],
  ])('%s reads as the library reads it', async (_, flag) => {
    const encoded = await batchOf([one, one]);
    encoded.writeInt16BE(flag, 21);
    expect(await read(encoded, batchReader(never))).toEqual(await read(encoded, original));
  });

  it('read one after the other from one answer', async () => {
    const encoded = Buffer.concat([await batchOf([one, one]), await batchOf([one], { firstOffset: 2 })]);
    const cursor = new Decoder(encoded);
    const reader = batchReader(never);
    const offsets = [await reader(cursor), await reader(cursor)].map(({ firstOffset, records }) => [firstOffset, records.length]);
    expect(offsets).toEqual([['0', 2], ['2', 1]]);
    expect(cursor.offset).toBe(encoded.length);
  });

  it('keep a header that is named like something that every object has', async () => {
    const [record] = (await read(await batchOf([{ ...one, headers: { valueOf: 'x' } }]), batchReader(never))).records;
    expect(record).toMatchObject({ headers: { valueOf: Buffer.from('x') } });
  });

  it('that are compressed are left to the library', async () => {
    const encoded = await batchOf([one], { compression: 1 });
    await expect(read(encoded, batchReader(never))).rejects.toThrow('left to the library');
    expect((await read(encoded, batchReader(original))).records).toHaveLength(1);
  });

  it('that are cut off by the limit of a fetch are refused as the library refuses them', async () => {
    const encoded = await batchOf([one, one]);
    for (const length of [encoded.length - 1, 61, 60]) await expect(read(encoded.subarray(0, length), batchReader(original))).rejects.toMatchObject({ name: 'KafkaJSPartialMessageError' });
  });

  it('that end within a number are an error, and no endless work', async () => {
    const encoded = await batchOf([one]);
    encoded.fill(0xff, 61);
    await expect((async () => read(encoded, batchReader(never)))()).rejects.toThrow(RangeError);
  });
});
