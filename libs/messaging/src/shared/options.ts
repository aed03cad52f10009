/** What a bus may be told when it is made, and what it assumes otherwise. Holds numbers only; decides nothing. */
import type { Logger } from '@muster/contracts';
import type { Registry } from 'prom-client';

export interface MessageBusOptions {
  /** Names this process to the broker. */
  readonly clientId: string;
  readonly logger?: Logger;
  /** Where the bus's metrics go; none are kept when absent. */
  readonly metrics?: Registry;
  /** How long one call may wait for the broker. Milliseconds, 100..120000. Default 10000. Raising it makes faults show later. */
  readonly requestTimeoutMs?: number;
  /** How long a record may wait for company before it is sent to Kafka. Milliseconds, 0..1000. Default 5. Raising it trades latency for throughput. */
  readonly lingerMs?: number;
  /** Records that may wait for an acknowledgement. Count, >= 1. Default 100000. */
  readonly queueRecordsMax?: number;
  /** Bytes of records that may wait for an acknowledgement. Default 33554432. */
  readonly queueBytesMax?: number;
  /** Largest record, key and headers included. Bytes. Default 921600, which every broker with its own defaults takes. */
  readonly recordBytesMax?: number;
  /** Records of one partition given to a handler at once. Count, >= 1. Default 1000. */
  readonly batchRecordsMax?: number;
  /** How often a batch is tried as a whole before its records are tried one by one. Count, >= 1. Default 3. */
  readonly attemptsMax?: number;
  /** First and longest pause between tries of a batch. Milliseconds. Default 100 and 10000. */
  readonly retryPauseMsMin?: number;
  readonly retryPauseMsMax?: number;
  /** How long a handler may run before the bus stops vouching for it in the group; its own `heartbeat()` starts the time anew. Milliseconds. Default 300000. */
  readonly handlerSilenceMsMax?: number;
  /** How long a consumer may be silent before the group gives its partitions away. Milliseconds, >= 1000. Default 10000. */
  readonly sessionTimeoutMs?: number;
}

export type BusSettings = Required<Omit<MessageBusOptions, 'metrics' | 'logger'>> & { readonly logger: Logger };

const silent: Logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

const DEFAULTS = {
  requestTimeoutMs: 10_000,
  lingerMs: 5,
  queueRecordsMax: 100_000,
  queueBytesMax: 32 * 1024 * 1024,
  recordBytesMax: 900 * 1024,
  batchRecordsMax: 1000,
  attemptsMax: 3,
  retryPauseMsMin: 100,
  retryPauseMsMax: 10_000,
  handlerSilenceMsMax: 300_000,
  sessionTimeoutMs: 10_000,
} as const;

/** Defaults filled in; a number that makes no sense is named with its rule. */
export function busSettings(options: MessageBusOptions): BusSettings {
  const { metrics: _, ...given } = options;
  const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  const settings = { ...DEFAULTS, logger: silent, ...present } as BusSettings;
  for (const name of Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]) {
    const value = settings[name];
    const least = name === 'lingerMs' ? 0 : 1;
    if (!Number.isFinite(value) || value < least) throw new RangeError(`message bus: ${name} is ${value}, it must be a number of at least ${least}`);
  }
  return settings;
}
