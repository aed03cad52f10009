/**
 * One HTTP request with a JSON answer, under one time limit for all of it and with a limit on the answer's size.
 *
 * Plain `node:http`: an agent lives inside other people's processes and should cost them little.
 */
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

const ANSWER_BYTES_MAX = 256 * 1024;

export interface JsonRequest {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly body?: string;
  /** For connect, headers and body together. Milliseconds, > 0. */
  readonly timeLimitMs: number;
}

export class HttpJson {
  private readonly http = new HttpAgent({ keepAlive: true, maxSockets: 2, maxFreeSockets: 1 });
  private readonly https = new HttpsAgent({ keepAlive: true, maxSockets: 2, maxFreeSockets: 1 });

  /** Rejects unless the answer is 2xx with a JSON body in time. */
  send(request: JsonRequest): Promise<unknown> {
    const isTls = request.url.protocol === 'https:';
    return new Promise((resolve, reject) => {
      const outgoing = (isTls ? httpsRequest : httpRequest)(request.url, {
        method: request.method,
        agent: isTls ? this.https : this.http,
        headers: request.body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(request.body) },
        signal: AbortSignal.timeout(request.timeLimitMs),
      });
      outgoing.on('error', reject);
      outgoing.on('response', (answer: IncomingMessage) => void readJson(answer, request.url).then(resolve, reject));
      outgoing.end(request.body);
    });
  }

  close(): void {
    this.http.destroy();
    this.https.destroy();
  }
}

async function readJson(answer: IncomingMessage, url: URL): Promise<unknown> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    byteCount += chunk.byteLength;
    if (byteCount > ANSWER_BYTES_MAX) throw new Error(`${url.href} answered more than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  const status = answer.statusCode ?? 0;
  if (status < 200 || status > 299) throw new Error(`${url.href} answered ${status}: ${text.slice(0, 200)}`);
  return JSON.parse(text);
}
