/** The options of an agent inside one of our services: what their hosts and configurations have in common, in one place. */
import type { Logger, MessageBus } from '@muster/contracts';
import type { Registry } from 'prom-client';
import type { CoordinatorSource } from './coordinator-list.js';
import type { AgentOptions } from './options.js';

export interface MemberHost {
  readonly service: string;
  readonly nodeId: string;
  readonly httpUrl: string;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly health: {
    announceIncarnation(incarnation: number): void;
    /** A node that drains is not ready. */
    drain(isDraining: boolean): void;
  };
}

export interface MemberConfig {
  readonly node: { readonly zone: string; readonly tags: Readonly<Record<string, string>> };
  readonly heartbeat: { readonly intervalMs: number };
  readonly http: { readonly host: string };
}

export interface MemberParts {
  readonly config: MemberConfig;
  readonly host: MemberHost;
  readonly bus: MessageBus;
  /** Where the names that are configured lead; see `coordinatorSource` of the configuration. */
  readonly coordinators: CoordinatorSource;
}

export const memberOptions = (parts: MemberParts): AgentOptions => {
  const { config, host, bus, coordinators } = parts;
  const { nodeId, service, metrics, logger, health } = host;
  return {
    nodeId,
    service,
    zone: config.node.zone,
    tags: config.node.tags,
    // Known once the server listens.
    httpUrl: () => host.httpUrl,
    bus,
    coordinators,
    heartbeat: config.heartbeat,
    probe: { host: config.http.host },
    metrics,
    logger,
    onIncarnation: (incarnation) => health.announceIncarnation(incarnation),
    onDrain: (isDraining) => health.drain(isDraining),
  };
};
