/** Asks a member by HTTP, `GET /health/live`: that is its main loop, whatever its other threads do. */
import { get, type IncomingMessage } from 'node:http';
import { connect, type LookupFunction } from 'node:net';
import type { ProbeTarget } from '@muster/contracts';
import { found, foundByFault, isRefusal, type ProbeAttempt, type ProbeFinding, readJson, twice } from './probe-finding.js';

/** Largest answer that is read. Bytes. */
const ANSWER_BYTES_MAX = 16_384;

export const probeHttp: ProbeAttempt = (target, signal, lookup) => {
  const url = urlOf(target.httpUrl);
  if (url === null) return Promise.resolve(found('silent'));
  return twice(() => (url.protocol === 'http:' ? once(url, { target, signal, lookup }) : refusalOnly(url, { signal, lookup })), signal);
};

interface Attempt {
  readonly signal: AbortSignal;
  readonly lookup: LookupFunction;
}

/** Null when the connection was taken and broke before a word. */
function once(url: URL, { target, signal, lookup }: Attempt & { readonly target: ProbeTarget }): Promise<ProbeFinding | null> {
  return new Promise((resolve) => {
    let isConnected = false;
    let hasAnswered = false;
    const request = get(url, { agent: false, lookup }, (response) => {
      hasAnswered = true;
      bodyOf(response).then((body) => end(identified(body, target)), () => end(found('silent')));
    });
    const end = (finding: ProbeFinding | null): void => {
      signal.removeEventListener('abort', onLimit);
      request.destroy();
      resolve(finding);
    };
    const onLimit = (): void => end(found(isConnected && !hasAnswered ? 'accepted' : 'silent'));
    signal.addEventListener('abort', onLimit);
    request.on('socket', (socket) => socket.on('connect', () => (isConnected = true)));
    request.on('error', (error: NodeJS.ErrnoException) => end(hasAnswered ? found('silent') : foundByFault(error, isConnected)));
  });
}

/** A server that wants TLS is not spoken to; only that nobody listens there can be seen from outside. */
function refusalOnly(url: URL, { signal, lookup }: Attempt): Promise<ProbeFinding> {
  return new Promise((resolve) => {
    const socket = connect({ host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || 443), signal, lookup });
    const end = (finding: ProbeFinding): void => {
      socket.destroy();
      resolve(finding);
    };
    socket.on('connect', () => end(found('silent')));
    socket.on('error', (error: NodeJS.ErrnoException) => end(found(isRefusal(error) ? 'refused' : 'silent')));
  });
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`more than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** An answer that names nobody is no proof of anything: another program may have taken the port. */
function identified(body: string, target: ProbeTarget): ProbeFinding {
  const live = readJson(body);
  if (typeof live !== 'object' || live === null || !('nodeId' in live) || typeof live.nodeId !== 'string') return found('silent');
  const isSame = live.nodeId === target.nodeId && (!('incarnation' in live) || live.incarnation === target.incarnation);
  return found(isSame ? 'answered' : 'refused');
}

function urlOf(httpUrl: string | null): URL | null {
  try {
    return new URL('/health/live', httpUrl ?? '');
  } catch {
    return null;
  }
}
