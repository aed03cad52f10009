/** What a client of `POST /logs` is told when the bus does not take its records. */
import { BusError, type BusErrorCode } from '@muster/contracts';
import { errorResponse } from '@muster/observability';
import { withAdvice } from './logs.controller.js';

const answers: ReadonlyArray<{ code: BusErrorCode; status: number; retryAfterS: number | null }> = [
  { code: 'BUS_DOWN', status: 503, retryAfterS: 1 },
  { code: 'BUS_BACKPRESSURE', status: 503, retryAfterS: 1 },
  // They may be stored: a proxy must not repeat the request by itself.
  { code: 'BUS_TIMEOUT', status: 504, retryAfterS: null },
];
test.each(answers)('$code is answered with $status and the advice to try again', ({ code, status, retryAfterS }) => {
  const answer = errorResponse(withAdvice(new BusError(code, true, 'no broker')));
  expect(answer).toMatchObject({ retryAfterS, body: { statusCode: status, code, message: expect.stringMatching(/^no broker; not acknowledged: try again/) } });
});

test('a record that no bus will ever take is not advised to be sent again', () => {
  const failure = new BusError('BUS_RECORD_TOO_LARGE', false, 'too large');
  expect(withAdvice(failure)).toBe(failure);
});
