/** What the embedded broker may be told, and what it assumes otherwise. */
import type { Logger } from '@muster/contracts';

export interface EmbeddedBrokerOptions {
  /** Where clients connect. A path of a Unix socket. */
  readonly socketPath: string;
  /** Where records are kept. A path of a file, or ':memory:'. */
  readonly dataFile: string;
  readonly logger?: Logger;
  /** How long a client may say nothing before its partitions go to others. Milliseconds, >= 100. Default 10000. */
  readonly sessionTimeoutMs?: number;
  /** How long a member may take to finish a batch of a partition that goes to another. Milliseconds. Default 30000. */
  readonly releaseTimeoutMs?: number;
  /** Clients at a time. Count, >= 1. Default 512. */
  readonly connectionsMax?: number;
  /** Answers a client has not read yet, above which its requests wait. Bytes. Default 16777216. */
  readonly unreadBytesMax?: number;
  /** Requests of one client that may wait for an answer. Count. Default 200000. */
  readonly requestsMax?: number;
  /** How often old records are looked for. Milliseconds. Default 10000. */
  readonly housekeepingMs?: number;
  /** Size of the data above which the oldest records go, read or not. Bytes. Default 2147483648. */
  readonly dataBytesMax?: number;
  /** How long tombstones stay. Milliseconds. Default one day. */
  readonly tombstoneMs?: number;
  /** Appends to a compacted partition after which it is compacted. Count. Default 1000. */
  readonly compactAfterRecords?: number;
  /** How long the offsets of a group without members are kept. Milliseconds. Default seven days. */
  readonly groupMs?: number;
}

const silent: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

const DEFAULTS = {
  logger: silent,
  sessionTimeoutMs: 10_000,
  releaseTimeoutMs: 30_000,
  connectionsMax: 512,
  unreadBytesMax: 16 * 1024 * 1024,
  requestsMax: 200_000,
  housekeepingMs: 10_000,
  dataBytesMax: 2 * 1024 ** 3,
  tombstoneMs: 86_400_000,
  compactAfterRecords: 1000,
  groupMs: 7 * 86_400_000,
} satisfies Omit<Required<EmbeddedBrokerOptions>, 'socketPath' | 'dataFile'>;

export type BrokerSettings = Required<EmbeddedBrokerOptions>;

export function brokerSettings(options: EmbeddedBrokerOptions): BrokerSettings {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return { ...DEFAULTS, ...given } as BrokerSettings;
}
