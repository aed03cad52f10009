/** One process of a local cluster: what to run, how to tell that it is up, when to stop it. */

export type Role = 'bus' | 'coordinator' | 'producer' | 'consumer' | 'gateway' | 'node';

export type Readiness =
  /** `GET url` answers 2xx. */
  | { readonly kind: 'http'; readonly url: string }
  /** Something accepts connections on a local socket. */
  | { readonly kind: 'socket'; readonly path: string };

export interface ProcessSpec {
  readonly name: string;
  readonly role: Role;
  /** Its name as a member; null for what is not one (the bus). */
  readonly nodeId: string | null;
  readonly httpUrl: string | null;
  /** TCP ports on the loopback address that it will listen on. */
  readonly ports: readonly number[];
  /** Arguments for Node: the program and its own arguments. */
  readonly args: readonly string[];
  /** Added to the environment of `up`. */
  readonly env: Readonly<Record<string, string>>;
  readonly readiness: Readiness;
  /** Names of the processes that must be ready before this one starts. */
  readonly startsAfter: readonly string[];
  /** Higher stops first, those of one stage together. */
  readonly stopStage: number;
}
