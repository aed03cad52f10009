/** Reads the cluster's status from the first of some gateways and coordinators that gives a usable answer. */
import type { ClusterStatus } from '@muster/contracts';
import { CliError, EXIT, messageOf } from '../exit-codes.js';
import { getJson } from './http-json.js';

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
  throw new CliError(EXIT.noCluster, ['no cluster answers.', ...refusals.map((line) => `  ${line}`), 'Start one with `npm start`, or say where it is: --url http://HOST:8080'].join('\n'));
}

/** Enough to print it without a crash; the full schema is the servers' business. */
function looksLikeStatus(body: unknown): body is ClusterStatus {
  if (typeof body !== 'object' || body === null) return false;
  const { totalNodes, healthyNodes, hasQuorum, membership } = body as Partial<ClusterStatus>;
  return typeof totalNodes === 'number' && typeof healthyNodes === 'number' && typeof hasQuorum === 'boolean' && typeof membership === 'object' && membership !== null;
}

function errorOf(body: unknown): string {
  return typeof body === 'object' && body !== null && 'message' in body && typeof body.message === 'string' ? ` (${body.message})` : '';
}
