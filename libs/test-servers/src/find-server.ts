/**
 * Finds a server for tests: one that the environment names, one in Docker, one as local processes, in this order.
 *
 * Decides the order and collects the reasons; does not decide what a test does when there is none.
 */
import { fromDocker } from './docker.js';
import { fromEnvironment } from './environment.js';
import type { FoundBy, PlaceAnswer, SearchOptions, SearchResult, ServerKind } from './found-server.js';
import { messageOf } from './message-of.js';
import { startLocalKafka } from './local-kafka.js';
import { startLocalPostgres } from './local-postgres.js';
import { startLocalRedis } from './local-redis.js';

type Place = (kind: ServerKind, options: SearchOptions) => Promise<PlaceAnswer>;

const LOCAL: Readonly<Record<ServerKind, (options: SearchOptions) => Promise<PlaceAnswer>>> = {
  kafka: startLocalKafka,
  postgres: startLocalPostgres,
  redis: startLocalRedis,
};

const PLACES: Readonly<Record<FoundBy, Place>> = {
  environment: fromEnvironment,
  docker: fromDocker,
  local: (kind, options) => LOCAL[kind](options),
};

const ORDER: readonly FoundBy[] = ['environment', 'docker', 'local'];

/** Never rejects: whatever goes wrong at one place is its reason, and the next place is tried. */
export async function findServer(kind: ServerKind, options: SearchOptions): Promise<SearchResult> {
  const reasons: string[] = [];
  for (const foundBy of options.places ?? ORDER) {
    const answer = await PLACES[foundBy](kind, options).catch((error: unknown): PlaceAnswer => ({ reason: messageOf(error) }));
    if (!('reason' in answer)) return { found: true, kind, foundBy, passedOver: reasons, ...answer };
    reasons.push(`${foundBy}: ${answer.reason}`);
  }
  return { found: false, kind, reasons };
}
