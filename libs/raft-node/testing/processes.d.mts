import type { AgedPulse, NodeStatus, Peers } from '../src/index.js';

/** What is put before the command that starts a member, and into its environment. */
export interface Launch {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export class Processes {
  constructor(ids: readonly string[], settings?: Readonly<Record<string, unknown>>);
  readonly ids: readonly string[];
  readonly folder: string;
  readonly settings: Record<string, unknown>;
  readonly launches: Map<string, Launch>;
  readonly failures: ReadonlyMap<string, string>;
  startAll(): Promise<void>;
  start(id: string): Promise<void>;
  peers(): Peers;
  call(id: string, call: 'propose', text: string, timeoutMs: number): Promise<{ readonly index: number; readonly term: number; readonly result: number }>;
  call(id: string, call: 'read', timeoutMs: number): Promise<{ readonly index: number; readonly texts: readonly string[] }>;
  /** The last text `<key>=<value>`, as it is when everything is applied that was committed when it was asked. */
  call(id: string, call: 'get', key: string, timeoutMs: number): Promise<{ readonly index: number; readonly value: string | null }>;
  call(id: string, call: 'status'): Promise<NodeStatus>;
  call(id: string, call: 'pulse'): Promise<AgedPulse>;
  call(id: string, call: 'transfer', to: string, timeoutMs: number): Promise<void>;
  call(id: string, call: 'change', change: object, timeoutMs: number): Promise<void>;
  call(id: string, call: 'compact'): Promise<void>;
  /** Keeps the main thread busy. */
  call(id: string, call: 'block', ms: number): Promise<void>;
  call(id: string, call: 'peers', peers: Peers): Promise<void>;
  signal(id: string, name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  isRunning(id: string): boolean;
  leader(): string | null;
  commit(text: string, limitMs?: number): Promise<{ readonly index: number; readonly term: number; readonly by: string }>;
  stopAll(): Promise<void>;
}
