/** Keeps the body of `POST /raft/join` as it was sent: that is what its signature is about. */
import { Readable } from 'node:stream';
import type { INestApplication } from '@nestjs/common';

/** Longest request to join. Bytes. */
const JOIN_BYTES_MAX = 16 * 1024;

interface Request {
  rawText?: string;
}
/** The part of Fastify that is used here. */
interface Parsers {
  addHook(name: 'onRoute', hook: (route: { readonly url: string; readonly method: string | string[]; preParsing?: unknown }) => void): unknown;
}
interface Stream extends AsyncIterable<Buffer> {
  readonly receivedEncodedLength?: number;
}

/** To be called before the routes are made. */
export function keepRawJoin(app: INestApplication): void {
  const server = app.getHttpAdapter().getInstance() as unknown as Parsers;
  server.addHook('onRoute', (route) => {
    if (route.url === '/raft/join') route.preParsing = keepRawText;
  });
}

async function keepRawText(request: Request, _: unknown, payload: Stream): Promise<AsyncIterable<Buffer>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of payload) {
    bytes += chunk.length;
    if (bytes > JOIN_BYTES_MAX) throw Object.assign(new Error(`the body has more than ${JOIN_BYTES_MAX} bytes, which no request to join has`), { statusCode: 413 });
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  request.rawText = body.toString('utf8');
  return Object.assign(Readable.from([body]), { receivedEncodedLength: bytes });
}
