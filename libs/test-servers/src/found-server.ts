/** What a search for a server answers: the server with how it was found, or why there is none. Types and names only. */

export const SERVER_KINDS = ['kafka', 'postgres', 'redis'] as const;
export type ServerKind = (typeof SERVER_KINDS)[number];

/** The variable that names a server to be used, and through which tests learn of the one that was found. */
export const SERVER_ENV: Readonly<Record<ServerKind, string>> = { kafka: 'KAFKA_BROKERS', postgres: 'DATABASE_URL', redis: 'REDIS_URL' };

export type FoundBy = 'environment' | 'docker' | 'local';

export interface FoundServer {
  readonly found: true;
  readonly kind: ServerKind;
  /** As the variable in `SERVER_ENV` wants it: `host:port,…` for Kafka, a URL for the others. */
  readonly url: string;
  readonly foundBy: FoundBy;
  /** How it was found, for people: `PostgreSQL 15 of /usr/lib/postgresql/15/bin, pid 4711`. */
  readonly detail: string;
  /** What was tried before, and why it was passed over. */
  readonly passedOver: readonly string[];
  /** Ends what was started for this search and removes its data; leaves servers alone that were there before. May be called twice. */
  stop(): Promise<void>;
}

export interface MissingServer {
  readonly found: false;
  readonly kind: ServerKind;
  /** One reason for each place that was looked at. */
  readonly reasons: readonly string[];
}

export type SearchResult = FoundServer | MissingServer;

export interface SearchOptions {
  /** Where the variables are read from; usually `process.env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told what takes time (a download, an image). Default: nobody. */
  readonly onProgress?: (text: string) => void;
  /** Places to look at, in this order. Default: all three. */
  readonly places?: readonly FoundBy[];
}

/** What one place answers; the search turns it into a `SearchResult`. */
export type PlaceAnswer = Pick<FoundServer, 'url' | 'detail' | 'stop'> | { readonly reason: string };
