import fc from 'fast-check';
import { encodeFrame, FrameReader } from './frames.js';
import { decodeOutgoing, decodeStored, encodeOutgoing, encodeStored } from './record-codec.js';

const records = fc.array(
  fc.record({
    key: fc.option(fc.string({ unit: 'grapheme' })),
    value: fc.option(fc.uint8Array({ maxLength: 50 })),
    headers: fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { noNullPrototype: true, maxKeys: 3 }),
  }),
  { maxLength: 5 },
);

describe('frames of the embedded bus', () => {
  it('come out as they went in, however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.nat(), fc.string(), fc.uint8Array())), fc.integer({ min: 1, max: 40 }), (frames, step) => {
        const stream = Buffer.concat(frames.map(([kind, id, text, body]) => encodeFrame(kind, id, { text }, body)));
        const reader = new FrameReader(1_000_000);
        const seen: unknown[] = [];
        for (let at = 0; at < stream.length; at += step) for (const frame of reader.push(stream.subarray(at, at + step))) seen.push([frame.kind, frame.id, frame.facts['text'], [...frame.body]]);
        expect(seen).toEqual(frames.map(([kind, id, text, body]) => [kind, id, text, [...body]]));
      }),
    );
  });

  it('carry records in both directions unchanged', () => {
    fc.assert(
      fc.property(records, (given) => {
        const sent = decodeOutgoing(encodeOutgoing(given));
        const stored = sent.map((record, offset) => ({ ...record, offset: 2 ** 35 + offset, timestampUnixMs: 1_700_000_000_000 }));
        const read = decodeStored(encodeStored(stored));
        expect(read.map(({ key, value, headers }) => ({ key, value: value === null ? null : [...value], headers }))).toEqual(given.map(({ key, value, headers }) => ({ key, value: value === null ? null : [...value], headers })));
        expect(read.map(({ offset }) => offset)).toEqual(given.map((_, offset) => BigInt(2 ** 35 + offset)));
      }),
    );
  });
});
