import fc from 'fast-check';
import { LineReader } from './line-reader.js';

test('however a text is cut into pieces, the same lines come out', () => {
  const line = fc.string({ unit: 'binary', maxLength: 30 }).map((text) => text.replaceAll('\n', ''));
  fc.assert(
    fc.property(fc.array(line), line, fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (lines, rest, sizes) => {
      const bytes = Buffer.from([...lines, rest].join('\n'));
      const reader = new LineReader(1000);
      const seen: string[] = [];
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1;
        seen.push(...(reader.push(bytes.subarray(at, at + size)) ?? ['too long']));
        at += size;
      }
      expect(seen).toEqual(lines);
    }),
  );
});

test.each([
  ['whole', ['123456789\n']],
  ['in pieces', ['1234', '56789\n']],
  ['after another', ['x\n1234', '56789\n']],
  ['that has not ended', ['12345', '678901']],
])('a line of ten bytes, its end included, is too long where nine are allowed, %s', (_, pieces) => {
  const lines = (max: number): unknown[] => {
    const reader = new LineReader(max);
    return pieces.map((piece) => reader.push(Buffer.from(piece)));
  };
  expect(lines(9)).toContain(null);
  expect(lines(12)).not.toContain(null);
});
