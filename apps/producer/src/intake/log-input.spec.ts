import { decodeLog, encodeLog } from '@muster/contracts';
import fc from 'fast-check';
import { type IntakeContext, takeIn } from './log-input.js';

const ID = '0190a1b2-0000-7000-8000-000000000000';
const context: IntakeContext = { nowUnixMs: 1_700_000_000_000, producerId: 'producer-1', newId: () => ID };
const good = { level: 'info', service: 'orders', message: 'hello' };

test('what a client leaves out is filled in', () => {
  expect(takeIn(good, context)).toEqual({
    kind: 'accepted',
    records: [{ v: 1, id: ID, timeUnixMs: 1_700_000_000_000, level: 'info', service: 'orders', source: 'orders', producerId: 'producer-1', message: 'hello', attributes: {} }],
  });
});

test("a client's own id, time, source and attributes are kept", () => {
  const input = { ...good, id: 'A0000000-0000-4000-8000-00000000000A', time: '2026-01-02T03:04:05+01:00', source: 'pod-1', attributes: { a: 1, b: null } };
  const intake = takeIn([input], context);
  expect(intake).toMatchObject({ kind: 'accepted', records: [{ id: 'a0000000-0000-4000-8000-00000000000a', timeUnixMs: Date.UTC(2026, 0, 2, 2, 4, 5), source: 'pod-1', attributes: { a: 1, b: null } }] });
});

const faults: ReadonlyArray<{ name: string; body: unknown; names: RegExp }> = [
  { name: 'an empty array', body: [], names: /array is empty: send 1 to 1000/ },
  { name: 'too many records', body: Array.from({ length: 1001 }, () => good), names: /1001 records: send at most 1000/ },
  { name: 'no body', body: undefined, names: /\(body\): is missing/ },
  { name: 'a string', body: 'hello', names: /\(body\): is "hello"/ },
  { name: 'an unknown level', body: [good, { ...good, level: 'loud' }], names: /\[1\]\.level: is "loud"/ },
  { name: 'an unknown field', body: [{ ...good, colour: 'red' }], names: /\[0\].*colour/ },
  { name: 'a bad service', body: { ...good, service: 'Orders!' }, names: /^nothing was accepted: service: is "Orders!"/ },
  { name: 'a missing message', body: [good, good, { level: 'info', service: 'a' }], names: /\[2\]\.message: is missing/ },
  { name: 'a bad attribute', body: { ...good, attributes: { a: { b: 1 } } }, names: /attributes\.a: is \{"b":1\}/ },
  { name: 'a time before 1970', body: { ...good, time: '1960-01-01T00:00:00Z' }, names: /time: is "1960-01-01T00:00:00Z": must lie between/ },
  { name: 'a time without a zone', body: { ...good, time: '2026-01-01T00:00:00' }, names: /time: is "2026-01-01T00:00:00"/ },
  { name: 'attributes too large together', body: { ...good, attributes: Object.fromEntries(Array.from({ length: 80 }, (_, i) => [`k${i}`, 'x'.repeat(4000)])) }, names: /takes more than 262144 bytes/ },
];
test.each(faults)('$name is refused, and the answer says what and where', ({ body, names }) => {
  const intake = takeIn(body, context);
  expect(intake.kind).toBe('rejected');
  expect(intake).toMatchObject({ reason: expect.stringMatching(names) });
});

test('the answer stays short however much is wrong', () => {
  const intake = takeIn(Array.from({ length: 1000 }, () => ({ level: 'x'.repeat(10_000), service: 7 })), context);
  expect(intake).toMatchObject({ kind: 'rejected', reason: expect.stringMatching(/and more$/) });
  expect(intake.kind === 'rejected' && intake.reason.length).toBeLessThan(2000);
});

test('whatever is accepted can be put on the wire and read back', () => {
  const value = fc.oneof(fc.string({ maxLength: 100 }), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null));
  const item = fc.record(
    { level: fc.constantFrom('info', 'warn'), service: fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/), message: fc.string({ minLength: 1, maxLength: 200, unit: 'binary' }), attributes: fc.dictionary(fc.string({ minLength: 1, maxLength: 20 }), value) },
    { requiredKeys: ['level', 'service', 'message'] },
  );
  fc.assert(
    fc.property(fc.array(item, { minLength: 1, maxLength: 5 }), (body) => {
      const intake = takeIn(body, context);
      if (intake.kind !== 'accepted') throw new Error(intake.reason);
      for (const record of intake.records) expect(decodeLog(encodeLog(record))).toMatchObject({ kind: 'ok' });
    }),
  );
});
