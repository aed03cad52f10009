/** A request as those see it who may pass it on to another coordinator. */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

export interface Asked {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** As it was sent, where that was kept; else as it was read. */
  readonly body: unknown;
  /** Sets a header of the answer. */
  tell(name: string, value: string): void;
}

/** The parts of Fastify's request and reply that are used here. */
interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
  readonly rawText?: string;
}
interface Reply {
  readonly raw: ServerResponse;
  header(name: string, value: string): unknown;
}

/** Parameter of a handler. */
export const Ask = createParamDecorator((_: unknown, context: ExecutionContext): Asked => {
  const { method, url, headers, body, rawText } = context.switchToHttp().getRequest<Request>();
  const reply = context.switchToHttp().getResponse<Reply>();
  return { method, url, headers, body: rawText ?? body, tell: (name, value) => void reply.header(name, value) };
});

/** A parameter of the query, however often it was given: the first. */
export function queryOf(asked: Pick<Asked, 'url'>, name: string): string | null {
  const at = asked.url.indexOf('?');
  return at === -1 ? null : new URLSearchParams(asked.url.slice(at + 1)).get(name);
}
