/** `muster why`: the evidence behind what is said of a member. */
import type { Why } from '@muster/contracts';
import { askFirst } from '../cluster-client/cluster-client.js';
import { getJson, type JsonAnswer } from '../cluster-client/http-json.js';
import type { CliContext } from '../context.js';
import { CliError, EXIT, type ExitCode } from '../exit-codes.js';
import { explain } from '../terminal/explanation.js';
import { type ClusterOptions, unknownMember, urlsFor } from './cluster-urls.js';

const ANSWER_MS_MAX = 5_000;

export async function runWhy(context: CliContext, options: ClusterOptions & { readonly node: string }): Promise<ExitCode> {
  const { terminal } = context;
  const path = `/cluster/members/${encodeURIComponent(options.node)}/why`;
  // Coordinators have the evidence; a gateway may not pass the question on.
  const answer = await askFirst(urlsFor(context, options).toReversed(), (url) => fromLeader(`${url}${path}`), unknownMember(options.node, options));
  if (!looksLikeWhy(answer)) throw new CliError(EXIT.failed, `the answer to why ${options.node} is not what a coordinator says: ${JSON.stringify(answer).slice(0, 200)}`);
  if (options.json) terminal.print(JSON.stringify(answer, null, 2));
  else for (const line of explain(answer, { colours: terminal.colours, columns: terminal.columns, nowUnixMs: context.nowUnixMs() })) terminal.print(line);
  return EXIT.ok;
}

/** The leader's evidence is what verdicts rest on; where nobody leads, that of whoever is asked is better than none. */
async function fromLeader(url: string): Promise<JsonAnswer> {
  const answer = await getJson(`${url}?consistency=leader`, ANSWER_MS_MAX);
  return answer.status === 503 ? getJson(url, ANSWER_MS_MAX) : answer;
}

function looksLikeWhy(body: unknown): body is Why {
  if (typeof body !== 'object' || body === null) return false;
  const { nodeId, status, marks, damping, now } = body as Partial<Why>;
  return typeof nodeId === 'string' && typeof status === 'string' && Array.isArray(marks) && typeof damping === 'object' && now !== undefined;
}
