import fc from 'fast-check';
import { LineSplitter } from './line-splitter.js';

test('however a stream is cut, its lines come out whole and in order, letters of several bytes included', () => {
  const line = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !text.includes('\n'));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 10 }), fc.infiniteStream(fc.integer({ min: 1, max: 9 })), (lines, sizes) => {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
      const splitter = new LineSplitter(1000);
      const found: (string[] | null)[] = [];
      for (let at = 0; at < bytes.length; ) {
        const size = sizes.next().value as number;
        found.push(splitter.push(bytes.subarray(at, at + size)));
        at += size;
      }
      expect(found.flat()).toEqual(lines);
    }),
  );
});

test.each([
  { name: 'a line that just fits, its end included', pieces: ['1234567', '\n'], expected: [[], ['1234567']] },
  { name: 'a line that is one byte too long', pieces: ['12345678\n'], expected: [null] },
  { name: 'an unfinished line that cannot fit any more', pieces: ['1234', '5678'], expected: [[], null] },
  { name: 'short lines in one long piece', pieces: ['123456\n123456\n'], expected: [['123456', '123456']] },
])('$name, of at most 8 bytes', ({ pieces, expected }) => {
  const splitter = new LineSplitter(8);
  expect(pieces.map((piece) => splitter.push(Buffer.from(piece)))).toEqual(expected);
});

test('a line that comes byte by byte is kept in few pieces, and comes out whole', () => {
  const splitter = new LineSplitter(160 * 1024);
  let most = 0;
  for (let count = 0; count < 10_000; count++) {
    splitter.push(Buffer.from('x'));
    most = Math.max(most, splitter.pieceCount);
  }
  expect(most).toBe(64);
  expect(splitter.push(Buffer.from('\n'))).toEqual(['x'.repeat(10_000)]);
});
