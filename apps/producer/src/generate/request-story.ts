/**
 * What one request leaves in the logs, from the gateway down and back: its records in order, all with one request id.
 *
 * About 94 of 100 requests go well, 4 are the client's fault (warn), 1 is slow (warn), 1 fails inside (error).
 */
import type { LogLevel, LogRecord } from '@muster/contracts';
import type { Random } from './log-generator.js';

export type Draft = Pick<LogRecord, 'level' | 'service' | 'source' | 'message' | 'attributes'>;

type Outcome = 'fine' | 'refused' | 'slow' | 'failed';

interface Route {
  readonly method: string;
  readonly path: string;
  /** Services behind the gateway, in order. */
  readonly via: readonly string[];
  readonly weight: number;
}

const ROUTES: readonly [Route, ...Route[]] = [
  { method: 'GET', path: '/products', via: ['search', 'inventory'], weight: 45 },
  { method: 'GET', path: '/orders', via: ['auth', 'orders'], weight: 25 },
  { method: 'POST', path: '/orders', via: ['auth', 'orders', 'inventory', 'payments'], weight: 18 },
  { method: 'POST', path: '/login', via: ['auth'], weight: 12 },
];

const ANSWERS: Record<Outcome, { status: number; level: LogLevel }> = {
  fine: { status: 200, level: 'info' },
  refused: { status: 422, level: 'info' },
  slow: { status: 200, level: 'warn' },
  failed: { status: 503, level: 'error' },
};

const FAULTS = ['connection to database lost', 'upstream timed out after 2000 ms', 'lock wait timeout exceeded', 'unexpected null in field "price"'] as const;

export function requestDrafts(random: Random): Draft[] {
  const pick = (bound: number): number => Math.floor(random() * bound);
  const route = weighted(ROUTES, random);
  const outcome = outcomeOf(random());
  const requestId = hex(random, 16);
  const userId = `u-${1000 + pick(9000)}`;
  const path = `${route.path}/${1 + pick(5000)}`;
  const latencyMs = Math.round((outcome === 'slow' ? 2000 : 4) + 60 * random() ** 3 * (outcome === 'slow' ? 40 : 4));
  const at = (service: string, level: LogLevel, message: string, more: Draft['attributes'] = {}): Draft => {
    return { level, service, source: `${service}-${1 + pick(3)}`, message, attributes: { requestId, ...more } };
  };

  const drafts = [at('gateway', 'debug', `${route.method} ${path} accepted`, { userId })];
  for (const [depth, service] of route.via.entries()) {
    const isLast = depth === route.via.length - 1;
    if (outcome === 'refused' && depth === 0) {
      drafts.push(at(service, 'warn', `rejected request of ${userId}: ${pick(2) === 0 ? 'token expired' : 'field "quantity" must be at least 1'}`, { userId }));
      break;
    }
    if (outcome === 'failed' && isLast) {
      const fault = FAULTS[pick(FAULTS.length)] ?? FAULTS[0];
      drafts.push(at(service, 'error', `${route.method} ${path} failed: ${fault}`, { errorType: 'UpstreamError', stack: `Error: ${fault}\n    at handle (/app/${service}/handler.js:${10 + pick(300)}:11)` }));
      break;
    }
    drafts.push(at(service, 'info', stepMessage(service, path, userId), { durationMs: 1 + pick(40) }));
  }
  const { status, level } = ANSWERS[outcome];
  drafts.push(at('gateway', level, `${route.method} ${path} ${status} in ${latencyMs} ms`, { status, latencyMs, userId }));
  return drafts;
}

function stepMessage(service: string, path: string, userId: string): string {
  switch (service) {
    case 'auth':
      return `token of ${userId} is valid`;
    case 'search':
      return `query for ${path} answered from index`;
    case 'payments':
      return `payment for ${path} captured`;
    case 'inventory':
      return `stock of ${path} checked`;
    default:
      return `${service} handled ${path}`;
  }
}

function outcomeOf(draw: number): Outcome {
  if (draw < 0.94) return 'fine';
  if (draw < 0.98) return 'refused';
  return draw < 0.99 ? 'slow' : 'failed';
}

function weighted(choices: readonly [Route, ...Route[]], random: Random): Route {
  let left = random() * choices.reduce((total, { weight }) => total + weight, 0);
  return choices.find(({ weight }) => (left -= weight) < 0) ?? choices[0];
}

function hex(random: Random, digits: number): string {
  let text = '';
  while (text.length < digits) text += Math.floor(random() * 16).toString(16);
  return text;
}
