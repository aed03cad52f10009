/** Asks the first of some gateways and coordinators that gives a usable answer. */
import type { ClusterStatus } from '@muster/contracts';
import { CliError, EXIT, messageOf } from '../exit-codes.js';
import { getJson, type JsonAnswer } from './http-json.js';

const ANSWER_MS_MAX = 5_000;

export interface StatusAnswer {
  readonly url: string;
  readonly status: ClusterStatus;
}

export async function readStatus(urls: readonly string[]): Promise<StatusAnswer> {
  const refusals: string[] = [];
  for (const url of urls) {
    try {
      const { status, body } = await getJson(`${url}/cluster/status`, ANSWER_MS_MAX);
      if (status === 200 && looksLikeStatus(body)) return { url, status: body };
      refusals.push(`${url}: answered ${status}${errorOf(body)}`);
    } catch (error) {
      refusals.push(`${url}: ${messageOf(error)}`);
    }
  }
  throw nobodyAnswers(refusals);
}

/**
 * What the first address says that knows the path. A gateway does not know it, but knows coordinators, which are asked then; one that is
 * about to end is no reason to give up; that the question itself is wrong is said by the first that says so. `unknownMember` is said instead
 * of the server's words, which name a path, where the question was about a member that nobody knows.
 */
export async function askFirst(urls: readonly string[], ask: (url: string) => Promise<JsonAnswer>, unknownMember?: string): Promise<unknown> {
  const refusals: string[] = [];
  /** What those say who could not do it at any time. */
  const strangers: string[] = [];
  const queue = [...urls];
  let isAnswered = false;
  let gatewayUrl: string | null = null;
  for (const url of queue) {
    try {
      const { status, body } = await ask(url);
      if (status >= 200 && status < 300) return body;
      const code = codeOf(body);
      const isStranger = code === 'NOT_FOUND';
      if (code !== '' && !isStranger && status < 500) throw refusalOf(code, messageIn(body), unknownMember);
      isAnswered ||= code !== '' && !isStranger;
      if (isStranger && gatewayUrl === null) {
        gatewayUrl = url;
        queue.push(...(await coordinatorsBehind(url)).filter((known) => !queue.includes(known)));
      }
      (isStranger ? strangers : refusals).push(`${url}: answered ${status}${errorOf(body)}`);
    } catch (error) {
      if (error instanceof CliError) throw error;
      refusals.push(`${url}: ${messageOf(error)}`);
    }
  }
  if (gatewayUrl !== null && !isAnswered) throw new CliError(EXIT.noCluster, ['only a coordinator can do that, and none answers.', ...[...strangers, ...refusals].map((line) => `  ${line}`), 'Name one: --url http://HOST:8081'].join('\n'));
  if (isAnswered) throw new CliError(EXIT.failed, ['nobody could do that now.', ...refusals.map((line) => `  ${line}`)].join('\n'));
  throw nobodyAnswers(refusals);
}

function refusalOf(code: string, words: string, unknownMember: string | undefined): CliError {
  if (code === 'MEMBER_UNKNOWN') return new CliError(EXIT.usage, unknownMember ?? words);
  return new CliError(code === 'PEER_UNKNOWN' ? EXIT.usage : EXIT.failed, words);
}

/** Addresses of the coordinators that a gateway knows; none when it does not tell. */
export async function coordinatorsBehind(url: string): Promise<string[]> {
  try {
    const { body } = await getJson(`${url}/cluster/status`, ANSWER_MS_MAX);
    if (!looksLikeStatus(body)) return [];
    return Object.values(body.membership).flatMap(({ service, status, httpUrl }) => (service === 'coordinator' && status !== 'DOWN' && status !== 'LEFT' && httpUrl !== null ? [httpUrl] : []));
  } catch {
    return [];
  }
}

function nobodyAnswers(refusals: readonly string[]): CliError {
  return new CliError(EXIT.noCluster, ['no cluster answers.', ...refusals.map((line) => `  ${line}`), 'Start one with `npm start`, or say where it is: --url http://HOST:8080'].join('\n'));
}

/** Enough to print it without a crash; the full schema is the servers' business. */
function looksLikeStatus(body: unknown): body is ClusterStatus {
  if (typeof body !== 'object' || body === null) return false;
  const { totalNodes, healthyNodes, hasQuorum, membership } = body as Partial<ClusterStatus>;
  return typeof totalNodes === 'number' && typeof healthyNodes === 'number' && typeof hasQuorum === 'boolean' && typeof membership === 'object' && membership !== null;
}

const errorOf = (body: unknown): string => (messageIn(body) === '' ? '' : ` (${messageIn(body)})`);
const messageIn = (body: unknown): string => textIn(body, 'message');
const codeOf = (body: unknown): string => textIn(body, 'code');

function textIn(body: unknown, key: string): string {
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, key) : undefined;
  return typeof value === 'string' ? value : '';
}
