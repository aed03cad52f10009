/** Finds several servers at once, all or nothing: for benchmarks and drills that make no sense without them. */
import { findServer } from './find-server.js';
import type { FoundServer, SearchOptions, ServerKind } from './found-server.js';

export class FoundServers {
  constructor(private readonly servers: readonly FoundServer[]) {}

  get kafka(): FoundServer {
    return this.the('kafka');
  }

  get postgres(): FoundServer {
    return this.the('postgres');
  }

  get redis(): FoundServer {
    return this.the('redis');
  }

  /** Ends those that were started for the search. */
  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()));
  }

  private the(kind: ServerKind): FoundServer {
    const server = this.servers.find((candidate) => candidate.kind === kind);
    if (server === undefined) throw new Error(`${kind} was not asked for: name it in 'needed'`);
    return server;
  }
}

/** Rejects with every reason when one of them is not to be had; what was started for the others has ended by then. */
export async function findServers({ needed, ...options }: Partial<SearchOptions> & { readonly needed: readonly ServerKind[] }): Promise<FoundServers> {
  const results = await Promise.all(needed.map((kind) => findServer(kind, { env: process.env, ...options })));
  const found = new FoundServers(results.filter((result) => result.found));
  const missing = results.filter((result) => !result.found);
  if (missing.length === 0) return found;
  await found.stop();
  throw new Error(missing.map(({ kind, reasons }) => `no ${kind}: ${reasons.join('; ')}`).join('\n'));
}
