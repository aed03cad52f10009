import { type DatabaseFault, faultOf } from './error-facts.js';

const faults: ReadonlyArray<{ name: string; error: unknown; expected: DatabaseFault }> = [
  { name: 'a value out of range', error: { code: '22003' }, expected: 'data' },
  { name: 'a broken constraint', error: { code: '23514' }, expected: 'data' },
  { name: 'a value larger than an index row', error: { code: '54000' }, expected: 'data' },
  { name: 'a statement that took too long', error: { code: '57014' }, expected: 'timeout' },
  { name: 'a server that shuts down', error: { code: '57P01' }, expected: 'away' },
  { name: 'a full disk', error: { code: '53100' }, expected: 'away' },
  { name: 'a refused connection', error: { code: 'ECONNREFUSED' }, expected: 'away' },
  { name: 'a fault without a code', error: new Error('?'), expected: 'away' },
];
// Blaming a record for an outage would put good records aside; blaming the server for a record would block a partition for ever.
test.each(faults)('$name is a fault of kind $expected', ({ error, expected }) => {
  expect(faultOf(error)).toBe(expected);
});
