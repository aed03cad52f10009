import fc from 'fast-check';
import { storableJson } from './postgres-text.js';

const cases = [
  { name: 'plain values', value: { a: [1, 'x', null] }, json: '{"a":[1,"x",null]}' },
  { name: 'NUL', value: { 'k\u0000': 'a\u0000b' }, json: '{"k\uFFFD":"a\uFFFDb"}' },
  { name: 'half a surrogate pair', value: ['\ud800x'], json: '["\uFFFDx"]' },
  { name: 'a backslash before u0000', value: ['\\u0000'], json: '["\\\\u0000"]' },
  { name: 'a whole surrogate pair', value: ['😀'], json: '["😀"]' },
];
test.each(cases)('$name', ({ value, json }) => {
  expect(storableJson(value)).toBe(json);
});

test('what comes out holds no NUL and no half pair, and is unchanged where there was none', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (value) => {
      const text: unknown = JSON.parse(storableJson(value));
      expect(text).toEqual(value.map((each) => each.toWellFormed().replaceAll('\u0000', '\uFFFD')));
    }),
  );
});
