/** What a service is told about the process it runs in. */
import { hostname } from 'node:os';
import type { Logger } from '@muster/contracts';
import type { Registry } from 'prom-client';
import type { HealthRegistry } from './health-registry.js';

/** The part of a service's configuration that the host reads. */
export interface HostedConfig {
  readonly http: { readonly host: string; readonly port: number };
  readonly node: { readonly id?: string | undefined; readonly advertiseHost?: string | undefined };
  readonly log: { readonly level: string; readonly format: 'json' | 'pretty' };
}

export interface ServiceHost {
  readonly service: string;
  readonly version: string;
  readonly nodeId: string;
  /** Where other members reach this one; with the real port, also when port 0 was asked for. */
  readonly httpUrl: string;
  readonly logger: Logger;
  readonly metrics: Registry;
  readonly health: HealthRegistry;
}

/** Nest token of the `ServiceHost`. */
export const SERVICE_HOST = Symbol('SERVICE_HOST');

export function nodeIdOf(service: string, config: HostedConfig): string {
  if (config.node.id !== undefined) return config.node.id;
  return `${service}-${hostname()}`.replaceAll(/[^A-Za-z0-9._-]/g, '-').slice(0, 128);
}

export function httpUrlOf(config: HostedConfig, port: number): string {
  const host = config.node.advertiseHost ?? (isLoopback(config.http.host) ? loopbackOf(config.http.host) : hostname());
  return `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.');
const loopbackOf = (host: string): string => (host === 'localhost' ? '127.0.0.1' : host);
