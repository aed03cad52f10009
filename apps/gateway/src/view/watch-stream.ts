/**
 * One connection to one coordinator's `/cluster/watch`: opens it, reads messages, notices when it goes silent.
 *
 * Ends with a reason and never rejects; what to do then is the watcher's business.
 */
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { describeIssues, type WatchMessage, watchMessageSchema } from '@muster/contracts';
import { createParser } from 'eventsource-parser';

/** A snapshot of ten thousand members fits. Characters. */
const MESSAGE_CHARACTERS_MAX = 32 * 1024 * 1024;

export interface WatchStreamOptions {
  readonly url: URL;
  /** Longest time without a byte, the answer's head included. Milliseconds, > 0. */
  readonly silenceMs: number;
  readonly signal: AbortSignal;
  readonly onMessage: (message: WatchMessage) => void;
  /** A message that this build does not read; it was left out. */
  readonly onUnreadable: (reason: string) => void;
}

/** Resolves with the reason for the end. */
export function readWatchStream({ url, silenceMs, signal, onMessage, onUnreadable }: WatchStreamOptions): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const outgoing = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, { agent: false, signal, headers: { accept: 'text/event-stream' } });
  // The stream is alive while bytes come; a socket that is open says nothing.
  const silence = setTimeout(() => end(`no word for ${silenceMs} ms`), silenceMs);
  const end = (reason: string): void => {
    clearTimeout(silence);
    outgoing.destroy();
    resolve(reason);
  };
  const parser = createParser({
    maxBufferSize: MESSAGE_CHARACTERS_MAX,
    onEvent: ({ data }) => read(data, onMessage, onUnreadable),
    onError: ({ type, message }) => {
      if (type === 'max-buffer-size-exceeded') end(message);
    },
  });
  outgoing.on('error', (error) => end(error.message));
  outgoing.on('response', (answer: IncomingMessage) => {
    if (answer.statusCode !== 200) {
      end(`answered ${answer.statusCode}`);
      return;
    }
    answer.setEncoding('utf8');
    answer.on('data', (text: string) => {
      silence.refresh();
      feed(parser, text, end);
    });
    answer.on('error', (error) => end(error.message));
    answer.on('close', () => end('the coordinator closed the stream'));
  });
  outgoing.end();
  return promise;
}

/** A parser that gave up throws from then on. */
function feed(parser: { feed(text: string): void }, text: string, end: (reason: string) => void): void {
  try {
    parser.feed(text);
  } catch (error) {
    end(error instanceof Error ? error.message : String(error));
  }
}

function read(data: string, onMessage: (message: WatchMessage) => void, onUnreadable: (reason: string) => void): void {
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch {
    onUnreadable(`not JSON: ${data.slice(0, 80)}`);
    return;
  }
  const parsed = watchMessageSchema.safeParse(json);
  if (parsed.success) onMessage(parsed.data);
  else onUnreadable(describeIssues(parsed.error).slice(0, 300));
}
