/** What a client is told when no member's answer can be passed on. */
import type { ServerResponse } from 'node:http';
import type { ErrorBody } from '@muster/contracts';

/** It was sent to the last member that was tried. */
export function unanswered({ fault, isTimeout }: { readonly fault: string; readonly isTimeout: boolean }): ErrorBody {
  const warning = ' It may have acted on the request: repeat it only if that does no harm.';
  if (isTimeout) return { statusCode: 504, code: 'MEMBER_TIMEOUT', message: `the member did not answer in time (${fault}).${warning}` };
  return { statusCode: 502, code: 'MEMBER_FAILED', message: `the member broke off before it answered (${fault}).${warning}` };
}

export function nobody(service: string, triedCount: number, lastFault: string): ErrorBody {
  const what = triedCount === 0 ? `no member of the service '${service}' can take requests` : `none of the ${triedCount} members of the service '${service}' that were tried could be reached (${lastFault})`;
  return { statusCode: 503, code: 'NO_MEMBER', message: `${what}: try again in a second, GET /cluster/status tells who is there` };
}

export function refuse(response: ServerResponse, body: ErrorBody): void {
  if (response.destroyed || response.headersSent) {
    response.destroy();
    return;
  }
  const retryAfter: Record<string, string> = body.statusCode === 503 ? { 'Retry-After': '1' } : {};
  response.writeHead(body.statusCode, { ...retryAfter, 'Content-Type': 'application/json; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end(JSON.stringify(body));
}
