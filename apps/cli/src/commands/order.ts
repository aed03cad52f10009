/** The commands that tell a cluster something about a member: drain, cordon, uncordon, evict. */
import { type OperatorOrder, type OperatorRequest, type OperatorResult } from '@muster/contracts';
import { askFirst } from '../cluster-client/cluster-client.js';
import { postJson } from '../cluster-client/http-json.js';
import type { CliContext } from '../context.js';
import { CliError, EXIT, type ExitCode } from '../exit-codes.js';
import { type ClusterOptions, unknownMember, urlsFor } from './cluster-urls.js';

export interface OrderOptions extends ClusterOptions {
  readonly order: OperatorOrder;
  readonly node: string;
  readonly reason: string;
  /** Do not ask first. */
  readonly yes: boolean;
}

const ANSWER_MS_MAX = 10_000;
const BY_CHARS_MAX = 128;

export async function runOrder(context: CliContext, options: OrderOptions): Promise<ExitCode> {
  const { order, node, reason } = options;
  const urls = urlsFor(context, options);
  if (order === 'evict' && !options.yes) await confirm(context, node);
  const by = (context.env['USER'] ?? context.env['LOGNAME'] ?? '').slice(0, BY_CHARS_MAX);
  const request: OperatorRequest = { reason, by };
  // Coordinators decide; a gateway may not pass orders on.
  const answer = await askFirst(urls.toReversed(), (url) => postJson(`${url}/cluster/members/${encodeURIComponent(node)}/${order}`, request, ANSWER_MS_MAX), unknownMember(node, options));
  if (!looksLikeResult(answer)) throw new CliError(EXIT.failed, `the answer to ${order} ${node} is not what a coordinator says: ${JSON.stringify(answer).slice(0, 200)}`);
  context.terminal.print(options.json ? JSON.stringify(answer, null, 2) : sentence(order, node, answer));
  return EXIT.ok;
}

async function confirm({ ask }: CliContext, node: string): Promise<void> {
  if (ask === null) throw new CliError(EXIT.usage, `evict takes ${node} out for good, and nobody can be asked here: say --yes to mean it`);
  const answer = await ask(`Evict ${node}? It is DOWN at once, and only a new boot of it joins again. [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) throw new CliError(EXIT.failed, `${node} was left as it is`);
}

function sentence(order: OperatorOrder, node: string, { changed, member }: OperatorResult): string {
  const back = `\`npx muster uncordon ${node}\` takes that back.`;
  switch (order) {
    case 'cordon':
      return changed ? `${node} gets no new work, and neither do its next boots. ${back}` : `${node} was cordoned already.`;
    case 'uncordon':
      if (!changed) return `${node} was neither cordoned nor draining.`;
      return member.marks.length > 0 ? `${node} is taken back; it is still ${member.marks.join(' and ')}, so it gets no work yet.` : `${node} is taken back: it gets work again as far as it is well (it is ${member.status}).`;
    case 'drain':
      return changed ? `${node} is draining: it finishes what it has and gets nothing new. ${back}` : `${node} was draining already.`;
    case 'evict':
      return changed ? `${node} is evicted: DOWN, and only a new boot of it joins again.` : `${node} was gone already (${member.status}: ${member.reason}).`;
  }
}

function looksLikeResult(body: unknown): body is OperatorResult {
  if (typeof body !== 'object' || body === null) return false;
  const { changed, member } = body as Partial<OperatorResult>;
  return typeof changed === 'boolean' && typeof member === 'object' && member !== null && Array.isArray(member.marks);
}
