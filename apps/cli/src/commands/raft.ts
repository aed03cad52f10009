/** `muster raft`: what the group of coordinators is like, and what operators change about it. */
import type { RaftIntroduction, RaftStatus, RaftTransferAnswer } from '@muster/contracts';
import { randomUUID } from 'node:crypto';
import { askFirst } from '../cluster-client/cluster-client.js';
import { getJson, sendJson } from '../cluster-client/http-json.js';
import { readRaft } from '../cluster-client/raft-client.js';
import type { CliContext } from '../context.js';
import { CliError, EXIT, type ExitCode, messageOf } from '../exit-codes.js';
import { describePeers, describeRaft, troubles } from '../terminal/raft-table.js';
import { type ClusterOptions, urlsFor } from './cluster-urls.js';
import { confirm, secretFor, type SecretOptions } from './raft-secret.js';

export type RaftOptions = ClusterOptions & SecretOptions & { readonly yes: boolean };

/** A coordinator that is added has to catch up first. Milliseconds. */
const CHANGE_MS_MAX = 30_000;
const ASK_MS_MAX = 5_000;

export async function runRaftStatus(context: CliContext, options: ClusterOptions): Promise<ExitCode> {
  const view = await readRaft(urlsFor(context, options));
  const wrong = troubles(view);
  if (options.json) {
    const { leader, best, answers } = view;
    context.terminal.print(JSON.stringify({ cluster: best.cluster, clusterId: best.clusterId, leaderId: leader?.nodeId ?? null, term: best.term, commitIndex: best.commitIndex, troubles: wrong, coordinators: answers.map(({ status }) => status) }, null, 2));
  } else {
    for (const line of describeRaft(view, context.terminal.colours)) context.terminal.print(line);
  }
  return wrong.length === 0 ? EXIT.ok : EXIT.unhealthy;
}

export async function runPeersList(context: CliContext, options: ClusterOptions): Promise<ExitCode> {
  const view = await readRaft(urlsFor(context, options));
  if (options.json) context.terminal.print(JSON.stringify(view.best.peers, null, 2));
  else for (const line of describePeers(view, context.terminal.colours)) context.terminal.print(line);
  return EXIT.ok;
}

export async function runPeersAdd(context: CliContext, options: RaftOptions & { readonly newcomer: string }): Promise<ExitCode> {
  const peer = await introductionOf(options.newcomer);
  return change(context, options, { method: 'POST', path: '/raft/peers', body: peer, done: `${peer.nodeId} (${peer.httpUrl}) belongs to the group; it has a vote once it has caught up.` });
}

export async function runPeersRemove(context: CliContext, options: RaftOptions & { readonly node: string }): Promise<ExitCode> {
  const { node } = options;
  await confirm(context, options, `Remove ${node} from the group? Its data folder can never be used in it again.`, `${node} was left as it is`);
  return change(context, options, { method: 'DELETE', path: `/raft/peers/${encodeURIComponent(node)}`, gone: node, done: `${node} is removed. To bring it back, empty its data folder: it joins as a new member.` });
}

export async function runPeersReplace(context: CliContext, options: RaftOptions & { readonly node: string; readonly newcomer: string }): Promise<ExitCode> {
  const { node } = options;
  const peer = await introductionOf(options.newcomer);
  await confirm(context, options, `Replace ${node} by ${peer.nodeId} (${peer.httpUrl})? The data folder of ${node} can never be used in the group again.`, `${node} was left as it is`);
  return change(context, options, { method: 'POST', path: `/raft/peers/${encodeURIComponent(node)}/replace`, body: peer, gone: node, done: `${peer.nodeId} takes the place of ${node}.` });
}

export async function runTransfer(context: CliContext, options: RaftOptions & { readonly to: string | undefined }): Promise<ExitCode> {
  const answer = (await send(context, options, 'POST', '/raft/transfer', options.to === undefined ? {} : { to: options.to })) as RaftTransferAnswer;
  const { from, leaderId, tookMs } = answer;
  if (options.json) context.terminal.print(JSON.stringify(answer, null, 2));
  else context.terminal.print(leaderId === from ? `${leaderId} leads already.` : `${leaderId} leads; ${from} handed over in ${tookMs} ms.`);
  return EXIT.ok;
}

/** At the first coordinator that can: any of them passes it on to the leader. */
export function send(context: CliContext, options: ClusterOptions & SecretOptions, method: string, path: string, body?: object, timeoutMs = CHANGE_MS_MAX): Promise<unknown> {
  const token = secretFor(context, options);
  return askFirst(urlsFor(context, options).toReversed(), (url) => sendJson(method, `${url}${path}`, timeoutMs, { body, token }));
}

interface Change {
  readonly method: string;
  readonly path: string;
  readonly body?: object;
  /** Who belongs no more. The answer may be a moment older than that. */
  readonly gone?: string;
  readonly done: string;
}

async function change(context: CliContext, options: RaftOptions, { method, path, body, gone, done }: Change): Promise<ExitCode> {
  const status = (await send(context, options, method, path, body)) as RaftStatus;
  if (options.json) {
    context.terminal.print(JSON.stringify(status, null, 2));
    return EXIT.ok;
  }
  const members = status.peers.filter(({ nodeId }) => nodeId !== gone).map(({ nodeId, voter }) => (voter ? nodeId : `${nodeId} (no vote yet)`));
  context.terminal.print(done);
  context.terminal.print(context.terminal.colours.dim(`Members now: ${members.join(', ')}`));
  return EXIT.ok;
}

type Newcomer = Pick<RaftIntroduction, 'cluster' | 'nodeId' | 'storeId' | 'httpUrl' | 'raftUrl'>;

/** What the coordinator at that address says of itself; it runs, and waits to be taken in. */
async function introductionOf(given: string): Promise<Newcomer> {
  const url = given.includes('://') ? given.replace(/\/+$/, '') : `http://${given}`;
  const remedy = 'Give the address at which the new coordinator answers HTTP, such as http://HOST:8081, and start it first';
  const answer = await getJson(`${url}/raft/introduction?nonce=${randomUUID()}`, ASK_MS_MAX).catch((error: unknown) => {
    throw new CliError(EXIT.noCluster, `${url} does not say who it is: ${messageOf(error)}. ${remedy}`);
  });
  const { cluster, nodeId, storeId, httpUrl, raftUrl } = (answer.body ?? {}) as Partial<Newcomer>;
  if (answer.status !== 200 || cluster === undefined || nodeId === undefined || storeId === undefined || httpUrl === undefined || raftUrl === undefined) throw new CliError(EXIT.failed, `${url} is no coordinator (it answered ${answer.status}). ${remedy}`);
  return { cluster, nodeId, storeId, httpUrl, raftUrl };
}
