/** A state in pieces is the state, to the byte. */
import fc from 'fast-check';
import { decodeState, encodePieces, encodeState } from './state-codec.js';

const text = (bytes: Iterable<Uint8Array>): string => Buffer.concat([...bytes]).toString('utf8');

test('the pieces of any object are, put together, what it is at once', () => {
  const part = fc.oneof(fc.jsonValue(), fc.constant(undefined), fc.array(fc.oneof(fc.jsonValue(), fc.constant(undefined)), { maxLength: 40 }));
  fc.assert(
    fc.property(fc.dictionary(fc.string(), part), (value) => {
      expect(text(encodePieces(value))).toBe(Buffer.from(encodeState(value)).toString('utf8'));
    }),
  );
});

test.each([{}, { only: undefined }, { first: undefined, second: [undefined] }, { empty: [] }, { 'a "name"': [{ ü: '€' }] }])('%j as well', (value) => {
  expect(text(encodePieces(value))).toBe(JSON.stringify(value));
});

test('a large state comes in many pieces, none of them large, and reads back', () => {
  const state = { v: 2, members: Array.from({ length: 3000 }, (_, at) => ({ nodeId: `node-${at}`, text: 'x'.repeat(300) })), last: true };
  const pieces = [...encodePieces(state)];
  expect(pieces.length).toBeGreaterThan(10);
  expect(Math.max(...pieces.map(({ byteLength }) => byteLength))).toBeLessThan(128 * 1024);
  expect(decodeState(Buffer.concat(pieces))).toEqual(state);
});
