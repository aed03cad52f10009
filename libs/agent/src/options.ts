/** What an agent is told by the service that embeds it. */
import type { Logger, MessageBus, Resources } from '@muster/contracts';
import type { Registry } from 'prom-client';
import type { CoordinatorSource } from './coordinator-list.js';

export type DrainListener = (isDraining: boolean, reason: string) => void;

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
  /** The bus that carries beats. Without it beats go straight to the coordinators, over direct lanes. */
  readonly bus?: MessageBus | undefined;
  /**
   * Base URLs of all coordinators, or a function that is asked for them now and then: at the start, every 15 s, and every 2 s while one
   * cannot be reached. A node keeps a lane to each, up to 5. May be empty when there is a bus.
   */
  readonly coordinators: CoordinatorSource;
  readonly heartbeat?: {
    /** Time between beats. Milliseconds, 10..60000. Default 1000. Raising it makes failures known later. */
    readonly intervalMs?: number | undefined;
  } | undefined;
  /**
   * Where the node answers "are you there", beside its main loop; false: nowhere. `host` is the address to listen on, `advertiseHost` the
   * name under which others reach it; the port is any free one. Default for both: the host of `httpUrl`; no port without `httpUrl`.
   */
  readonly probe?: { readonly host?: string | undefined; readonly advertiseHost?: string | undefined } | false | undefined;
  /**
   * Whether beats are made in a thread of their own, so that they go on while the main loop stands still; costs about 9 MB.
   * Default true, but false when TypeScript sources are run without being built.
   */
  readonly worker?: boolean | undefined;
  /** For a host that knows itself which incarnation of the node the cluster holds: nobody is asked. Null: none. */
  readonly knownIncarnation?: (() => number | null) | undefined;
  /** Where the agent's counters are registered. Default: it counts nothing. */
  readonly metrics?: Registry | undefined;
  /** Called with the number of this boot before the first beat, and again should the cluster make it grow. */
  readonly onIncarnation?: ((incarnation: number) => void) | undefined;
  /** Called when an operator wants the node to take no new work, and when that is taken back. */
  readonly onDrain?: DrainListener | undefined;
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

export function coordinatorUrl(text: string): string {
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return text.endsWith('/') ? text : `${text}/`;
  throw new Error(`'${text}' is no address of a coordinator: write it as http://host:port`);
}

/** Where to serve the probe port of a node that is reached at `httpUrl`; null for nowhere. */
export function probeHostsOf(probe: AgentOptions['probe'], httpUrl: string | null): { readonly host: string; readonly advertiseHost: string } | null {
  if (probe === false) return null;
  const httpHost = httpUrl === null ? undefined : new URL(httpUrl).hostname.replaceAll(/^\[|\]$/g, '');
  const host = probe?.host ?? httpHost;
  const advertiseHost = probe?.advertiseHost ?? httpHost ?? host;
  return host === undefined || advertiseHost === undefined ? null : { host, advertiseHost };
}
