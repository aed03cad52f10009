/** A server that the environment names. It is asked before it is believed: a forgotten variable must not look like a broken product. */
import { type PlaceAnswer, SERVER_ENV, type SearchOptions, type ServerKind } from './found-server.js';
import { whyNotServing } from './serving.js';

const ANSWER_WITHIN_MS = 10_000;

export async function fromEnvironment(kind: ServerKind, options: SearchOptions): Promise<PlaceAnswer> {
  const name = SERVER_ENV[kind];
  const url = options.env[name];
  if (url === undefined || url === '') return { reason: `${name} is not set` };
  const why = await whyNotServing(kind, url, ANSWER_WITHIN_MS);
  if (why !== null) return { reason: `${name}=${withoutPassword(url)}: ${why}` };
  return { url, detail: `${name}=${withoutPassword(url)}`, stop: async () => {} };
}

const withoutPassword = (url: string): string => url.replace(/(\/\/[^:@/]*):[^@/]*@/, '$1:…@');
