/** The handshake of a direct lane: which HTTP upgrades become one, and how the others are answered. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ErrorBody, LANE_PATH, LANE_PROTOCOL } from '@muster/contracts';

const REASONS: Readonly<Record<number, string>> = { 404: 'Not Found', 426: 'Upgrade Required', 503: 'Service Unavailable' };

export interface LaneRoom {
  readonly state: 'starting' | 'open' | 'ending';
  readonly isFull: boolean;
  readonly lanesMax: number;
}

/** Null when the request may become a lane. */
export function whyNoLane(request: IncomingMessage, { state, isFull, lanesMax }: LaneRoom): ErrorBody | null {
  const path = (request.url ?? '').split('?')[0];
  if (request.method !== 'GET' || path !== LANE_PATH) return { statusCode: 404, code: 'NOT_FOUND', message: `nothing can be upgraded here but GET ${LANE_PATH}` };
  if (request.headers.upgrade?.toLowerCase() !== LANE_PROTOCOL) return { statusCode: 426, code: 'LANE_PROTOCOL', message: `a lane speaks '${LANE_PROTOCOL}', not '${request.headers.upgrade?.slice(0, 40)}'` };
  if (state === 'starting') return { statusCode: 503, code: 'STARTING', message: 'this coordinator is starting; try again in a second' };
  if (state === 'ending') return { statusCode: 503, code: 'COORDINATOR_ENDING', message: 'this coordinator is shutting down: use another one' };
  if (isFull) return { statusCode: 503, code: 'LANES_EXHAUSTED', message: `${lanesMax} direct lanes are open, more are not served: use another coordinator, or raise coordinator.lanesMax` };
  return null;
}

export function acceptUpgrade(stream: Duplex): void {
  stream.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${LANE_PROTOCOL}\r\n\r\n`);
}

export function refuseUpgrade(stream: Duplex, body: ErrorBody): void {
  const text = JSON.stringify(body);
  stream.on('error', () => stream.destroy());
  const more = body.statusCode === 426 ? `Upgrade: ${LANE_PROTOCOL}\r\n` : '';
  stream.end(`HTTP/1.1 ${body.statusCode} ${REASONS[body.statusCode] ?? 'Error'}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(text)}\r\n${more}Connection: close\r\n\r\n${text}`);
}
