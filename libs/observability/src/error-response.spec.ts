import { BusError } from '@muster/contracts';
import { BadRequestException, ConflictException, HttpException, InternalServerErrorException, NotFoundException } from '@nestjs/common';
import { AppError } from './app-error.js';
import { errorResponse } from './error-response.js';

const serverError = (statusCode: number, message: string): Error => Object.assign(new Error(message), { statusCode, code: 'FST_ERR_X' });

const cases: [string, unknown, { statusCode: number; code: string; message: string }, number | null][] = [
  ['an AppError', new AppError('NO_QUORUM', 'two of three coordinators are away', { statusCode: 503 }), { statusCode: 503, code: 'NO_QUORUM', message: 'two of three coordinators are away' }, 1],
  ['an AppError that will fail again', new AppError('NODE_UNKNOWN', 'no node "x"', { statusCode: 404 }), { statusCode: 404, code: 'NODE_UNKNOWN', message: 'no node "x"' }, null],
  ['an AppError of 503 that is not retriable', new AppError('OFF', 'off', { statusCode: 503, retriable: false }), { statusCode: 503, code: 'OFF', message: 'off' }, null],
  ['a bus that is away', new BusError('BUS_DOWN', true, 'no broker answers'), { statusCode: 503, code: 'BUS_DOWN', message: 'no broker answers' }, 1],
  ['a bus that is full', new BusError('BUS_BACKPRESSURE', true, '1000 records wait'), { statusCode: 503, code: 'BUS_BACKPRESSURE', message: '1000 records wait' }, 1],
  ['a record too large', new BusError('BUS_RECORD_TOO_LARGE', false, '2 MB'), { statusCode: 413, code: 'BUS_RECORD_TOO_LARGE', message: '2 MB' }, null],
  ['a request of Nest', new NotFoundException('Cannot GET /x'), { statusCode: 404, code: 'NOT_FOUND', message: 'Cannot GET /x' }, null],
  ['reasons in a list', new BadRequestException(['a is bad', 'b is worse']), { statusCode: 400, code: 'BAD_REQUEST', message: 'a is bad; b is worse' }, null],
  ['a conflict', new ConflictException('taken'), { statusCode: 409, code: 'CONFLICT', message: 'taken' }, null],
  ['a status without a code of its own', new HttpException('teapot', 418), { statusCode: 418, code: 'BAD_REQUEST', message: 'teapot' }, null],
  ['a body too large for the server', serverError(413, 'Request body is too large'), { statusCode: 413, code: 'BODY_TOO_LARGE', message: 'Request body is too large' }, null],
];

test.each(cases)('%s is answered with its code', (_, error, body, retryAfterS) => expect(errorResponse(error)).toEqual({ body, retryAfterS, isUnexpected: false }));

test.each([new Error('secret path /etc/x'), 'text', null, { code: 'BUS_DOWN' }, serverError(500, 'inside')])('what nobody foresaw is logged, and tells strangers nothing', (error) => {
  expect(errorResponse(error)).toMatchObject({ body: { statusCode: 500, code: 'INTERNAL', message: expect.not.stringContaining('secret') as string }, isUnexpected: true });
});

test('an exception of Nest with status 500 is unexpected too', () => {
  expect(errorResponse(new InternalServerErrorException('x'))).toMatchObject({ body: { code: 'INTERNAL' }, isUnexpected: true });
});
