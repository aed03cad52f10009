import fc from 'fast-check';
import { decodeCursor, encodeCursor } from './cursor.js';
import { parseEventPage, parseLogFilter, parseLogPage } from './filters.js';

test('nothing asked for means the newest hundred', () => {
  expect(parseLogPage({})).toEqual({ kind: 'ok', value: { limit: 100 } });
});

test('every filter is understood', () => {
  const id = '0190a1b2-0000-7000-8000-000000000000';
  const query = { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00+02:00', level: 'warn, error', service: 'orders', q: '50%', limit: '7', cursor: encodeCursor({ timeUnixMs: 5, id }) };
  expect(parseLogPage(query)).toEqual({
    kind: 'ok',
    value: { from: new Date('2026-01-01T00:00:00Z'), to: new Date('2026-01-01T22:00:00Z'), level: ['warn', 'error'], service: 'orders', q: '50%', limit: 7, cursor: { timeUnixMs: 5, id } },
  });
  expect(parseEventPage({ status: 'UPDATED,BRAKE_ENGAGED,BRAKE_RELEASED' })).toMatchObject({ value: { status: ['UPDATED', 'BRAKE_ENGAGED', 'BRAKE_RELEASED'] } });
  expect(parseEventPage({ nodeId: 'node-1', status: 'DOWN,SUSPECT' })).toEqual({ kind: 'ok', value: { nodeId: 'node-1', status: ['DOWN', 'SUSPECT'], limit: 100 } });
});

const faults: ReadonlyArray<{ name: string; query: object; names: RegExp }> = [
  { name: 'a time without a zone', query: { from: '2026-01-01T00:00:00' }, names: /^from: is "2026-01-01T00:00:00": must be a time with zone/ },
  { name: 'a range that ends before it begins', query: { from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' }, names: /^from: is "2026-01-02T00:00:00Z": must be before to$/ },
  { name: 'a range of no length', query: { from: '2026-01-01T00:00:00Z', to: '2026-01-01T00:00:00Z' }, names: /^from: .*must be before to$/ },
  { name: 'an unknown level', query: { level: 'warn,loud' }, names: /^level: is "warn,loud": must be one or several of trace,debug/ },
  { name: 'a bad service', query: { service: 'A B' }, names: /^service: is "A B"/ },
  { name: 'an empty text', query: { q: '' }, names: /^q: is "": must not be empty/ },
  { name: 'a long text', query: { q: 'x'.repeat(201) }, names: /^q: is "x{79}…: must have at most 200/ },
  { name: 'limit 0', query: { limit: '0' }, names: /^limit: is "0": must be from 1 to 1000/ },
  { name: 'limit 1001', query: { limit: '1001' }, names: /^limit: is "1001": must be from 1 to 1000/ },
  { name: 'a limit in words', query: { limit: 'ten' }, names: /^limit: is "ten": must be a whole number/ },
  { name: 'a made-up cursor', query: { cursor: 'abc' }, names: /^cursor: is "abc": must be the nextCursor/ },
  { name: 'a cursor into SQL', query: { cursor: encodeCursor({ timeUnixMs: 1, id: "x' OR 1" }) }, names: /^cursor: .*must be the nextCursor/ },
  { name: 'an unknown parameter', query: { lvl: 'warn' }, names: /^lvl: is not a parameter/ },
  { name: 'a parameter given twice', query: { level: ['warn', 'error'] }, names: /^level: is given 2 times/ },
  { name: 'two faults', query: { level: 'x', limit: 'y' }, names: /level: .*; .*limit: |limit: .*; .*level: / },
];
test.each(faults)('$name is refused by name and value', ({ query, names }) => {
  expect(parseLogPage(query)).toMatchObject({ kind: 'rejected', reason: expect.stringMatching(names) });
});

test('a count takes no page', () => {
  expect(parseLogFilter({ limit: '5' })).toMatchObject({ kind: 'rejected' });
});

test('the cursor of an event names any event, and no more than an event can be named', () => {
  const page = (chars: number) => parseEventPage({ cursor: encodeCursor({ timeUnixMs: 1, id: 'x'.repeat(chars) }) }).kind;
  expect([page(512), page(513)]).toEqual(['ok', 'rejected']);
});

test.each([[[1, 'a', 'more']], [[1]], [['1', 'a']], [[1.5, 'a']], [[8.64e15 + 1, 'a']], [[1, 2]], [{ 0: 1, 1: 'a' }], [null]])('%j is no place in a list', (place) => {
  expect(decodeCursor(Buffer.from(JSON.stringify(place)).toString('base64url'))).toBeNull();
});

test('cursors come back as they were, and any other text is refused without harm', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 8.64e15 }), fc.string(), fc.string(), (timeUnixMs, id, text) => {
      expect(decodeCursor(encodeCursor({ timeUnixMs, id }))).toEqual({ timeUnixMs, id });
      expect(() => decodeCursor(text)).not.toThrow();
    }),
  );
});
