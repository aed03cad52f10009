/**
 * Follows `/cluster/watch` until told to stop: goes to the next address when one fails, waits longer when all of them have, comes back by
 * itself, and takes a stream that has gone quiet for a broken one (a healthy stream pulses every second).
 */
import type { WatchMessage } from '@muster/contracts';
import { createParser } from 'eventsource-parser';
import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../exit-codes.js';
import { openGet } from './http-json.js';

/** Four pulses that did not come. */
const QUIET_MS_MAX = 4_000;
/** Enough that addresses which take connections and end them are not tried in a tight loop. */
const NEXT_MS = 50;
const RETRY_MS_MIN = 200;
const RETRY_MS_MAX = 2_000;
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

export interface WatchListener {
  onMessage(message: WatchMessage): void;
  /** The stream is there (again). */
  onConnected(url: string): void;
  /** The stream broke, or could not be opened, and nobody else has one; called once until it is connected again. */
  onLost(url: string, why: string): void;
}

/** Resolves when `signal` aborts; never rejects. */
export async function watchCluster(urls: readonly string[], listener: WatchListener, signal: AbortSignal): Promise<void> {
  let retryMs = RETRY_MS_MIN;
  let isLost = false;
  let failedInARow = 0;
  for (let turn = 0; !signal.aborted; turn++) {
    const url = urls[turn % urls.length];
    if (url === undefined) return;
    const why = await followOnce(url, signal, (message) => listener.onMessage(message), () => {
      retryMs = RETRY_MS_MIN;
      isLost = false;
      failedInARow = 0;
      listener.onConnected(url);
    });
    if (signal.aborted) return;
    if (++failedInARow < urls.length) {
      await pause(NEXT_MS, undefined, { signal }).catch(() => {});
      continue;
    }
    if (!isLost) listener.onLost(url, why);
    isLost = true;
    failedInARow = 0;
    await pause(retryMs, undefined, { signal }).catch(() => {});
    retryMs = Math.min(RETRY_MS_MAX, retryMs * 2);
  }
}

/** One connection; resolves with the reason why it ended. */
function followOnce(url: string, signal: AbortSignal, onMessage: (message: WatchMessage) => void, onConnected: () => void): Promise<string> {
  return new Promise((resolve) => {
    const end = (why: string): void => {
      signal.removeEventListener('abort', abort);
      request.destroy();
      resolve(why);
    };
    const abort = (): void => end('stopped');
    const request = openGet(`${url}/cluster/watch`, { accept: 'text/event-stream' }, QUIET_MS_MAX, (response) => {
      if (response.statusCode !== 200) {
        end(`answered ${response.statusCode}`);
        return;
      }
      const parser = createParser({
        maxBufferSize: MESSAGE_BYTES_MAX,
        onError: (error) => end(`sent what is not an event stream: ${error.message}`),
        onEvent: ({ data }) => {
          const message = parseMessage(data);
          if (message !== null) onMessage(message);
        },
      });
      onConnected();
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => parser.feed(chunk));
      response.on('end', () => end('closed the stream'));
      response.on('error', (error) => end(messageOf(error)));
    });
    request.on('timeout', () => end(`was silent for ${QUIET_MS_MAX / 1000} s`));
    request.on('error', (error) => end(messageOf(error)));
    signal.addEventListener('abort', abort);
  });
}

/** Kinds this build does not know are skipped, so that a newer coordinator may send more. */
function parseMessage(data: string): WatchMessage | null {
  try {
    const message: unknown = JSON.parse(data);
    if (typeof message !== 'object' || message === null || !('kind' in message)) return null;
    return ['snapshot', 'member', 'brakes', 'removed', 'pulse'].includes(String(message.kind)) ? (message as WatchMessage) : null;
  } catch {
    return null;
  }
}
