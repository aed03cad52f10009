/** Decides which HTTP answer stands for an error; pure, so that it has a table test. */
import type { BusErrorCode, ErrorBody } from '@muster/contracts';
import { HttpException } from '@nestjs/common';
import { AppError } from './app-error.js';

export interface ErrorResponse {
  readonly body: ErrorBody;
  /** Seconds after which the caller may try again; null when trying again is pointless. */
  readonly retryAfterS: number | null;
  /** True when nobody foresaw it: it is logged with its stack. */
  readonly isUnexpected: boolean;
}

const BUS_STATUS: Readonly<Record<BusErrorCode, number>> = {
  BUS_DOWN: 503,
  BUS_BACKPRESSURE: 503,
  BUS_TIMEOUT: 504,
  BUS_RECORD_TOO_LARGE: 413,
  BUS_TOPIC_SHAPE: 500,
  BUS_FAILED: 502,
};

const CODES: Readonly<Record<number, string>> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  408: 'REQUEST_TIMEOUT',
  409: 'CONFLICT',
  413: 'BODY_TOO_LARGE',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  429: 'TOO_MANY_REQUESTS',
  503: 'UNAVAILABLE',
};

export function errorResponse(error: unknown): ErrorResponse {
  if (error instanceof AppError) return known(error.statusCode, error.code, error.message, error.retriable);
  if (error instanceof HttpException) return fromStatus(error.getStatus(), messageOf(error));
  if (isBusError(error)) return known(BUS_STATUS[error.code], error.code, error.message.replace(`${error.code}: `, ''), error.retriable);
  // Errors of the HTTP server itself, such as a body that is not JSON, carry a status below 500.
  const statusCode = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  if (error instanceof Error && typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) return fromStatus(statusCode, error.message);
  return { body: { statusCode: 500, code: 'INTERNAL', message: 'an error that nobody foresaw; the log of this service has it' }, retryAfterS: null, isUnexpected: true };
}

const known = (statusCode: number, code: string, message: string, retriable: boolean): ErrorResponse => ({
  body: { statusCode, code, message },
  retryAfterS: retriable && (statusCode === 429 || statusCode === 503) ? 1 : null,
  isUnexpected: false,
});

const fromStatus = (statusCode: number, message: string): ErrorResponse => ({
  ...known(statusCode, CODES[statusCode] ?? (statusCode < 500 ? 'BAD_REQUEST' : 'INTERNAL'), message, statusCode === 429 || statusCode === 503),
  isUnexpected: statusCode === 500,
});

/** By shape: the class may come from another copy of the module. */
const isBusError = (error: unknown): error is Error & { code: BusErrorCode; retriable: boolean } =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code in BUS_STATUS && 'retriable' in error && typeof error.retriable === 'boolean';

/** Nest puts the reasons of a validation into the response body as a list. */
function messageOf(error: HttpException): string {
  const response = error.getResponse();
  const message = typeof response === 'object' && 'message' in response ? response.message : undefined;
  return Array.isArray(message) ? message.join('; ') : error.message;
}
