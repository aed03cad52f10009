import fc from 'fast-check';
import { defaultNodeId, incarnationAt, incarnationBeyond } from './incarnation.js';

test('a later boot has a greater incarnation, whatever was drawn', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4e12 }), fc.integer({ min: 1, max: 1e9 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (bootMs, laterMs, one, other) => {
      expect(incarnationAt(bootMs + laterMs, one)).toBeGreaterThan(incarnationAt(bootMs, other));
      expect(Number.isSafeInteger(incarnationAt(bootMs + laterMs, one))).toBe(true);
    }),
  );
});

test.each([
  { name: 'a node nobody knows keeps its own', facts: { own: 50, known: null, hasBeaten: false }, expected: 50 },
  { name: 'an older boot is left behind', facts: { own: 50, known: 49, hasBeaten: false }, expected: 50 },
  { name: 'a boot dated in the future is passed by one', facts: { own: 50, known: 90, hasBeaten: false }, expected: 91 },
  { name: 'an equal number before the first beat is somebody else', facts: { own: 50, known: 50, hasBeaten: false }, expected: 51 },
  { name: 'an equal number after the first beat is our own', facts: { own: 50, known: 50, hasBeaten: true }, expected: 50 },
  { name: 'a greater number after the first beat is passed as well', facts: { own: 50, known: 51, hasBeaten: true }, expected: 52 },
])('$name', ({ facts, expected }) => {
  expect(incarnationBeyond(facts)).toBe(expected);
});

test('a default node id holds only letters that a node id may have', () => {
  expect(defaultNodeId('producer', 'web server#1')).toBe('producer-web-server-1');
  expect(defaultNodeId('producer', 'x'.repeat(300))).toHaveLength(128);
});
