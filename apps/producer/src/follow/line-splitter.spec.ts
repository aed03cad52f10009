import fc from 'fast-check';
import { LineSplitter } from './line-splitter.js';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

function split(chunks: readonly string[], lineBytesMax = 100): string[] {
  const splitter = new LineSplitter(0, lineBytesMax);
  const lines = chunks.flatMap((chunk) => splitter.push(Buffer.from(chunk, 'latin1')));
  const rest = splitter.flush();
  return [...lines, ...(rest === null ? [] : [rest])].map((line) => `${line.start}-${line.end}${line.isCut ? '!' : ''} ${text(line.bytes)}`);
}

const cases = [
  { name: 'lines within a chunk', chunks: ['ab\ncd\n'], lines: ['0-3 ab', '3-6 cd'] },
  { name: 'a line over three chunks', chunks: ['a', 'b', 'c\n'], lines: ['0-4 abc'] },
  { name: 'an unfinished line at the end', chunks: ['ab\ncd'], lines: ['0-3 ab', '3-5 cd'] },
  { name: 'empty lines', chunks: ['\n\n'], lines: ['0-1 ', '1-2 '] },
  { name: 'line breaks of another system', chunks: ['ab\r', '\ncd\r\n'], lines: ['0-4 ab', '4-8 cd'] },
  { name: 'nothing', chunks: [''], lines: [] },
];
test.each(cases)('$name', ({ chunks, lines }) => {
  expect(split(chunks)).toEqual(lines);
});

test('a line beyond the limit keeps its beginning, and the next line is whole', () => {
  expect(split(['abcdef', 'ghi\nxy\n'], 4)).toEqual(['0-10! abcd', '10-13 xy']);
});

test('the way the bytes are cut into chunks changes nothing, and memory is bounded', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', 'b', '\n', '\r'), maxLength: 200 }), fc.array(fc.nat(20)), fc.integer({ min: 1, max: 30 }), (content, cuts, lineBytesMax) => {
      const chunks: string[] = [];
      let rest = content;
      for (const cut of cuts) {
        chunks.push(rest.slice(0, cut));
        rest = rest.slice(cut);
      }
      expect(split([...chunks, rest], lineBytesMax)).toEqual(split([content], lineBytesMax));
    }),
  );
});

test('every byte belongs to exactly one line', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '\n'), maxLength: 200 }), (content) => {
      const splitter = new LineSplitter(7, 10);
      const lines = splitter.push(Buffer.from(content));
      const last = splitter.flush();
      let at = 7;
      for (const line of last === null ? lines : [...lines, last]) {
        expect(line.start).toBe(at);
        at = line.end;
      }
      expect(at).toBe(7 + content.length);
    }),
  );
});
