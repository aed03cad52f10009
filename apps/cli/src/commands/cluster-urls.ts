/** Where a command asks: what was given, or what runs here. */
import type { CliContext } from '../context.js';
import { CliError, EXIT } from '../exit-codes.js';
import { COORDINATOR_COUNT, coordinatorUrlsAt, gatewayUrlAt } from '../local-cluster/cluster-plan.js';
import { findHome, readState, stateFileOf } from '../local-cluster/state-file.js';

export interface ClusterOptions {
  readonly url: readonly string[];
  readonly data: string | undefined;
  readonly json: boolean;
}

/** Addresses given, else those of the local cluster, else where a gateway and coordinators listen by default. */
export function urlsFor(context: CliContext, options: ClusterOptions): readonly string[] {
  if (options.url.length > 0) return options.url.map(usableUrl);
  const home = findHome(context.cwd, options.data);
  const state = readState(home);
  if (state !== null) return state.urls;
  // Whoever names a folder means that cluster, and not another one that happens to run here.
  if (options.data !== undefined) throw new CliError(EXIT.noCluster, `no local cluster runs there (there is no ${stateFileOf(home)})`);
  return [gatewayUrlAt(0), ...coordinatorUrlsAt(0, COORDINATOR_COUNT)];
}

/** What to say of a name that no member of the cluster has, with the command that lists those there are. */
export function unknownMember(node: string, { url, data }: ClusterOptions): string {
  const where = [...(url.length > 0 ? ['--url', ...url] : []), ...(data === undefined ? [] : ['--data', data])].map(quoted);
  return `no member is named "${node}"; \`${['npx muster members', ...where].join(' ')}\` lists those there are`;
}

/** For a shell. */
const quoted = (word: string): string => (/^[\w./:@%+=,~-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

function usableUrl(text: string): string {
  const { protocol } = URL.parse(text) ?? {};
  if (protocol === 'http:' || protocol === 'https:') return text.replace(/\/+$/, '');
  const remedy = text.includes('://') ? 'it has to begin with http:// or https://' : `did you mean http://${text}?`;
  throw new CliError(EXIT.usage, `--url ${text} is not an address to ask: ${remedy}`);
}
