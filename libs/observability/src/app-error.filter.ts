/** Turns whatever a handler throws into the error body of the contracts. */
import type { ServerResponse } from 'node:http';
import type { Logger } from '@muster/contracts';
import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import { errorResponse } from './error-response.js';

/** The part of Fastify's reply that is used here. */
export interface Reply {
  readonly raw: ServerResponse;
  header(name: string, value: string): unknown;
  status(code: number): { send(body: object): unknown };
}
interface Asked {
  readonly method: string;
  readonly url: string;
}

@Catch()
export class AppErrorFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Asked>();
    const reply = host.switchToHttp().getResponse<Reply>();
    const { body, retryAfterS, isUnexpected } = errorResponse(error);
    if (isUnexpected) this.logger.error({ err: error, method: request.method, url: request.url }, 'a request failed in a way nobody foresaw');
    // A stream that has begun cannot take a status any more: cutting it is the only way to say that it failed.
    if (reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    if (retryAfterS !== null) reply.header('Retry-After', String(retryAfterS));
    reply.status(body.statusCode).send(body);
  }
}
