import { isRefusal } from './probe-finding.js';

const fault = (code: string): Error => Object.assign(new Error(code), { code });
/** As Node makes it of a name with several addresses: it takes over the code of the first. */
const all = (...codes: string[]): Error => Object.assign(new AggregateError(codes.map(fault)), { code: codes[0] });

test.each([
  ['one address that refuses', fault('ECONNREFUSED'), true],
  ['one address that does not answer', fault('ETIMEDOUT'), false],
  ['two addresses that refuse', all('ECONNREFUSED', 'ECONNREFUSED'), true],
  ['a name of which one address refuses and the other cannot be reached', all('ECONNREFUSED', 'ENETUNREACH'), false],
])('%s: %s', (_, error, expected) => {
  expect(isRefusal(error)).toBe(expected);
});
