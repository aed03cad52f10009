/** What every coordinator says of the Raft group, put side by side. */
import type { RaftPeer, RaftStatus } from '@muster/contracts';
import { CliError, EXIT, messageOf } from '../exit-codes.js';
import { coordinatorsBehind } from './cluster-client.js';
import { getJson } from './http-json.js';

/** One that is stopped keeps others waiting no longer than this. Milliseconds. */
const ANSWER_MS_MAX = 3_000;

export interface CoordinatorWord {
  readonly url: string;
  /** Null for one that does not answer. */
  readonly status: RaftStatus | null;
  /** Why there is none. */
  readonly why: string;
}

export interface RaftView {
  /** Coordinators that answered, by node id. */
  readonly answers: readonly (CoordinatorWord & { readonly status: RaftStatus })[];
  /** Who leads, in the latest term that anybody knows of; null when nobody says so of itself. */
  readonly leader: RaftStatus | null;
  /** The word that knows most: that of the leader, else of the latest term and index. */
  readonly best: RaftStatus;
  /** Members by node id, each with its own word where it gave one. */
  readonly members: readonly { readonly peer: RaftPeer; readonly status: RaftStatus | null }[];
}

/** Asks the addresses, then whomever they name: as members of the group, and as coordinators of the cluster, which may have come to be in a group of their own. */
export async function readRaft(urls: readonly string[]): Promise<RaftView> {
  const first = await Promise.all(urls.map(ask));
  const answering = first.filter(({ status, why }) => status !== null || why === NO_COORDINATOR).map(({ url }) => url);
  const behind = (await Promise.all(answering.map(coordinatorsBehind))).flat();
  const named = [...behind, ...first.flatMap(({ status }) => status?.peers.map(({ httpUrl }) => httpUrl) ?? [])].map((url) => url.replace(/\/+$/, ''));
  const words = [...first, ...(await Promise.all([...new Set(named)].filter((url) => !urls.includes(url)).map(ask)))];
  const answers = [...new Map(words.filter(hasAnswered).map((word) => [word.status.nodeId, word])).values()].toSorted((a, b) => (a.status.nodeId < b.status.nodeId ? -1 : 1));
  const newest = answers.map(({ status }) => status).toSorted((a, b) => b.term - a.term || b.commitIndex - a.commitIndex);
  const leader = newest.find(({ state }) => state === 'leader') ?? null;
  const best = leader ?? newest[0];
  if (best === undefined) throw new CliError(EXIT.noCluster, ['no coordinator answers.', ...words.map(({ url, why }) => `  ${url}: ${why}`), 'Start a cluster with `npm start`, or say where a coordinator is: --url http://HOST:8081'].join('\n'));
  const members = best.peers.toSorted((a, b) => (a.nodeId < b.nodeId ? -1 : 1)).map((peer) => ({ peer, status: answers.find(({ status }) => status.nodeId === peer.nodeId)?.status ?? null }));
  return { answers, leader, best, members };
}

const NO_COORDINATOR = 'it is no coordinator';
const hasAnswered = (word: CoordinatorWord): word is CoordinatorWord & { status: RaftStatus } => word.status !== null;

async function ask(url: string): Promise<CoordinatorWord> {
  try {
    const { status, body } = await getJson(`${url}/raft/status`, ANSWER_MS_MAX);
    if (status === 200 && looksLikeStatus(body)) return { url, status: body, why: '' };
    return { url, status: null, why: status === 404 ? NO_COORDINATOR : `answered ${status}` };
  } catch (error) {
    return { url, status: null, why: messageOf(error) };
  }
}

/** Enough to print it without a crash. */
function looksLikeStatus(body: unknown): body is RaftStatus {
  if (typeof body !== 'object' || body === null) return false;
  const { nodeId, state, term, commitIndex, peers } = body as Partial<RaftStatus>;
  return typeof nodeId === 'string' && typeof state === 'string' && typeof term === 'number' && typeof commitIndex === 'number' && Array.isArray(peers);
}
