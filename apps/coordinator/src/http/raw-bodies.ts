/**
 * Keeps bodies as they were sent: that of `POST /raft/join`, because its signature is about that, and that of `POST /raft/restore`, because it may be
 * larger than any other and is passed on to the leader as it is. Each has a limit of its own.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import type { INestApplication } from '@nestjs/common';

/** Longest request to join. Bytes. */
const JOIN_BYTES_MAX = 16 * 1024;
/** Around the state in a request to restore it. Bytes. */
const AROUND_STATE_BYTES = 64 * 1024;
/** What is too long is heard to its end all the same, since who hears only after that reads the answer; up to so many times the limit. */
const HEARD_MAX = 4;

export interface RawBodies {
  /** Longest state that is restored. Bytes. */
  readonly stateBytesMax: number;
  /** Throws unless the request may restore one: nobody else's body is kept. */
  readonly mayRestore: (headers: IncomingHttpHeaders) => void;
}

interface Request {
  readonly headers: IncomingHttpHeaders;
  rawText?: string;
}
type Keep = (request: Request, reply: unknown, payload: Stream) => Promise<AsyncIterable<Buffer>>;
/** The part of Fastify that is used here. */
interface Parsers {
  addHook(name: 'onRoute', hook: (route: { readonly url: string; readonly method: string | string[]; preParsing?: unknown; bodyLimit?: number }) => void): unknown;
}
interface Stream extends AsyncIterable<Buffer> {
  readonly receivedEncodedLength?: number;
}

/** To be called before the routes are made. */
export function keepRawBodies(app: INestApplication, { stateBytesMax, mayRestore }: RawBodies): void {
  const server = app.getHttpAdapter().getInstance() as unknown as Parsers;
  const restoreBytesMax = stateBytesMax + AROUND_STATE_BYTES;
  const keepJoin: Keep = async (request, _, payload) => {
    const { body, bytes } = await collected(payload, JOIN_BYTES_MAX, `the body has more than ${JOIN_BYTES_MAX} bytes, which no request to join has`);
    request.rawText = body.toString('utf8');
    return standingFor(body, bytes);
  };
  const keepRestore: Keep = async (request, _, payload) => {
    mayRestore(request.headers);
    const { body, bytes } = await collected(payload, restoreBytesMax, `the body has more than ${restoreBytesMax} bytes, and a state of at most ${stateBytesMax} is restored: raise coordinator.stateBytesMax at all coordinators, and restart them`);
    request.rawText = body.toString('utf8');
    // It is read once, by whoever restores it.
    return standingFor(Buffer.from('{}'), bytes);
  };
  server.addHook('onRoute', (route) => {
    if (route.url === '/raft/join') route.preParsing = keepJoin;
    if (route.url === '/raft/restore') Object.assign(route, { preParsing: keepRestore, bodyLimit: HEARD_MAX * restoreBytesMax });
  });
}

async function collected(payload: Stream, bytesMax: number, tooLong: string): Promise<{ readonly body: Buffer; readonly bytes: number }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of payload) {
    bytes += chunk.length;
    if (bytes <= bytesMax) chunks.push(chunk);
    else chunks.length = 0;
    if (bytes > HEARD_MAX * bytesMax) break;
  }
  if (bytes > bytesMax) throw Object.assign(new Error(tooLong), { statusCode: 413 });
  return { body: Buffer.concat(chunks), bytes };
}

function standingFor(body: Buffer, receivedEncodedLength: number): AsyncIterable<Buffer> {
  return Object.assign(Readable.from([body]), { receivedEncodedLength });
}
