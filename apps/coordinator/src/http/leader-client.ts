/**
 * Passes a request on to the coordinator that leads. Tells apart what decides about trying again: an answer, that nothing reached it, and
 * that nobody knows. One connection a request: one that was kept could be closed by its other end just when it is used.
 */
import { request, type IncomingMessage } from 'node:http';
import { request as requestTls } from 'node:https';

export interface Passed {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty for none. */
  readonly text: string;
}

export type PassedOn =
  | { readonly kind: 'answered'; readonly statusCode: number; readonly headers: IncomingMessage['headers']; readonly body: unknown }
  /** It did not get there: whatever it asked for has not happened. */
  | { readonly kind: 'unsent'; readonly reason: string }
  /** It was sent, and no answer came. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** Longest answer that is taken. Bytes. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
const CONNECT_MS_MAX = 1000;
const ANSWER_MS_MAX = 10_000;
/** More for what takes long because it is large. Milliseconds. */
const ANSWER_MS_PER_MIB = 3000;
/** Who leads no more may still be about to say what it did, as in a handover. Milliseconds. */
const LAST_WORD_MS = 300;
const LOOK_MS = 50;

/** `isOver`: asked every now and then; once it goes on saying yes there is no use in waiting for the answer. */
export function passOn(passed: Passed, isOver: () => boolean): Promise<PassedOn> {
  return new Promise((resolve) => {
    let isConnected = false;
    const startedMs = performance.now();
    const answerMsMax = ANSWER_MS_MAX + Math.ceil((passed.text.length / 2 ** 20) * ANSWER_MS_PER_MIB);
    // Not by the clock: while our own loop stands still an answer that is there waits to be read.
    let overLooks = 0;
    const settle = (result: PassedOn): void => {
      clearInterval(watch);
      resolve(result);
      outgoing.destroy();
    };
    const fail = (reason: string): void => settle({ kind: isConnected ? 'unknown' : 'unsent', reason });
    const outgoing = (passed.url.startsWith('https:') ? requestTls : request)(passed.url, { method: passed.method, headers: passed.headers, agent: false }, (response) => {
      collect(response).then((body) => settle({ kind: 'answered', statusCode: response.statusCode ?? 0, headers: response.headers, body }), (error: unknown) => fail(wordsOf(error)));
    });
    outgoing.once('socket', (socket) => socket.once('connect', () => (isConnected = true)));
    outgoing.on('error', (error) => fail(wordsOf(error)));
    const watch = setInterval(() => {
      const waitedMs = performance.now() - startedMs;
      overLooks = isOver() ? overLooks + 1 : 0;
      if (!isConnected && waitedMs > CONNECT_MS_MAX) fail(`no connection within ${CONNECT_MS_MAX} ms`);
      else if (waitedMs > answerMsMax) fail(`no answer within ${answerMsMax} ms`);
      else if (overLooks > LAST_WORD_MS / LOOK_MS) fail('another one leads now');
    }, LOOK_MS);
    outgoing.end(passed.text);
  });
}

async function collect(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`its answer has more than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

/** An error that stands for several, one per address of a name, says nothing itself. By shape, as errors of the system may be of another realm. */
function wordsOf(error: unknown): string {
  const { errors, message } = error as { readonly errors?: unknown; readonly message?: unknown };
  return Array.isArray(errors) ? errors.map(wordsOf).join('; ') : String(message ?? error);
}
