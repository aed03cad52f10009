/** What an agent is told by the service that embeds it. */
import type { Logger, MessageBus, Resources } from '@muster/contracts';
import type { Registry } from 'prom-client';

export interface AgentOptions {
  /** Name of the node, stable over restarts. 1-128 letters, digits, `.`, `_`, `-`. Default `<service>-<host name>`. */
  readonly nodeId?: string | undefined;
  /** What the node serves, such as `producer`; members are picked by it. Lower-case letters, digits, `-`. */
  readonly service: string;
  /** Failure domain, such as a rack. Default `default`. */
  readonly zone?: string | undefined;
  /** Free words on the node, at most 32. Default none. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** What the node may use. Default: the limits of its control group, else the host's. */
  readonly resources?: Resources | undefined;
  /** Where others reach the node by HTTP; a function when that is known only later. Default: it serves none. */
  readonly httpUrl?: string | (() => string | undefined) | undefined;
  /** The bus that carries beats. Without it beats go to the coordinators by HTTP. */
  readonly bus?: MessageBus | undefined;
  /** Base URLs of coordinators, tried in turn. May be empty when there is a bus. */
  readonly coordinators: readonly string[];
  readonly heartbeat?: {
    /** Time between beats. Milliseconds, 10..60000. Default 1000. Raising it makes failures known later. */
    readonly intervalMs?: number | undefined;
  } | undefined;
  /** Where the agent's counters are registered. Default: it counts nothing. */
  readonly metrics?: Registry | undefined;
  /** Called with the number of this boot before the first beat, and again should the cluster make it grow. */
  readonly onIncarnation?: ((incarnation: number) => void) | undefined;
  /** Default: it logs nothing. */
  readonly logger?: Logger | undefined;
}

export const INTERVAL_MS_DEFAULT = 1000;
const INTERVAL_MS_MIN = 10;
const INTERVAL_MS_MAX = 60_000;

export const silentLogger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export function intervalMsOf(options: AgentOptions): number {
  const intervalMs = options.heartbeat?.intervalMs ?? INTERVAL_MS_DEFAULT;
  if (Number.isInteger(intervalMs) && intervalMs >= INTERVAL_MS_MIN && intervalMs <= INTERVAL_MS_MAX) return intervalMs;
  throw new Error(`heartbeat.intervalMs is ${intervalMs}: give it a whole number from ${INTERVAL_MS_MIN} to ${INTERVAL_MS_MAX}`);
}
