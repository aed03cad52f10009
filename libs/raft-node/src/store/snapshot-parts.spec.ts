/** Parts cover the whole, each byte once. */
import fc from 'fast-check';
import { PART_BYTES, partAt, partOf, partsOf } from './snapshot-parts.js';

test.each([0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 3 * PART_BYTES, 3 * PART_BYTES + 7])('%i bytes are all in their parts, and each part knows which it is', (bytes) => {
  const data = new Uint8Array(bytes).map((_, at) => at % 251);
  const parts = Array.from({ length: partsOf(data) + 1 }, (_, part) => partAt(data, part));
  expect(Buffer.concat(parts).equals(data)).toBe(true);
  expect(parts.slice(1).map((part, at) => partOf({ offset: (at + 1) * PART_BYTES, bytes: part.byteLength, totalBytes: bytes }))).toEqual(parts.slice(1).map((_, at) => at + 1));
  expect(parts.slice(1).every(({ byteLength }) => byteLength > 0)).toBe(true);
});

test('a piece that is the first, empty, too short or somewhere in between is no part', () => {
  const totalBytes = 3 * PART_BYTES;
  fc.assert(
    fc.property(fc.nat(totalBytes), fc.nat(2 * PART_BYTES), (offset, bytes) => {
      const isOne = offset > 0 && offset < totalBytes && offset % PART_BYTES === 0 && bytes === PART_BYTES;
      expect(partOf({ offset, bytes, totalBytes })).toBe(isOne ? offset / PART_BYTES : null);
    }),
  );
  expect([0, 5, PART_BYTES].map((offset) => partOf({ offset, bytes: 5, totalBytes }))).toEqual([null, null, null]);
  expect(partOf({ offset: totalBytes, bytes: 0, totalBytes })).toBeNull();
});
