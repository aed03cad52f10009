/** What the main thread and the thread of the Raft loop say to each other. */
import type { ConfigChange, Configuration, PeerId, RaftStatus } from '@muster/raft';
import type { TlsOptions } from '../transport/channel.js';
import type { TransportCounters } from '../transport/raft-transport.js';

export interface PeerAddress {
  readonly nodeId: PeerId;
  /** `host:port` where it was last known to listen. */
  readonly address: string;
  /** The store it must have, when that is known: with another one it lost its memory, and is refused. */
  readonly storeId: string | null;
}

export interface Peers {
  readonly peers: readonly PeerAddress[];
  /** Stores of members that were removed: they never come back. */
  readonly removedStoreIds: readonly string[];
}

export interface LoopSetup {
  readonly nodeId: PeerId;
  readonly clusterId: string;
  /** Known to all members. */
  readonly secret: string;
  readonly tls: TlsOptions | null;
  readonly storePath: string;
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** How others reach us; null for host and port. */
  readonly advertise: string | null;
  readonly peers: Peers;
  /** The first members, all the same, when the group is formed now; null to join one, or to go on with what the store holds. */
  readonly found: Configuration | null;
  readonly tickMs: number;
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  readonly leases: boolean;
  /** Entries kept before a snapshot, from which slow members are fed. Count. */
  readonly keepEntries: number;
}

export type ToLoop =
  | { readonly kind: 'propose'; readonly id: number; readonly data: Uint8Array }
  | { readonly kind: 'change'; readonly id: number; readonly change: ConfigChange }
  | { readonly kind: 'read'; readonly id: number }
  | { readonly kind: 'transfer'; readonly id: number; readonly to: PeerId }
  | { readonly kind: 'status'; readonly id: number }
  | { readonly kind: 'compact'; readonly id: number; readonly index: number; readonly data: Uint8Array }
  | { readonly kind: 'peers'; readonly peers: Peers }
  | { readonly kind: 'applied'; readonly index: number }
  | { readonly kind: 'stop' };

export interface AppliedEntry {
  readonly index: number;
  readonly term: number;
  /** Null for entries that are Raft's own. */
  readonly data: Uint8Array | null;
}

export interface Role {
  readonly role: RaftStatus['role'];
  readonly term: number;
  readonly leaderId: PeerId | null;
}

export interface NodeStatus extends RaftStatus {
  readonly storeId: string;
  readonly clusterId: string;
  readonly address: string;
  readonly connected: readonly PeerId[];
  readonly transport: TransportCounters;
  /** Durable writes, and the longest of them. */
  readonly writes: number;
  readonly writeMsMax: number;
  /** Times the loop stood still for longer than it can make good. */
  readonly stalls: number;
}

export type Refusal = { readonly kind: 'not-leader'; readonly leaderId: PeerId | null } | { readonly kind: 'busy' | 'refused'; readonly reason: string };

export type FromLoop =
  | { readonly kind: 'started'; readonly address: string; readonly storeId: string; readonly appliedIndex: number }
  | { readonly kind: 'restore'; readonly index: number; readonly data: Uint8Array }
  | { readonly kind: 'apply'; readonly entries: readonly AppliedEntry[] }
  | { readonly kind: 'appended'; readonly id: number; readonly index: number; readonly term: number }
  | { readonly kind: 'denied'; readonly id: number; readonly why: Refusal }
  | { readonly kind: 'transferring' | 'compacted'; readonly id: number }
  | { readonly kind: 'readable'; readonly id: number; readonly index: number | null }
  | { readonly kind: 'status'; readonly id: number; readonly status: NodeStatus }
  | { readonly kind: 'role'; readonly role: Role }
  | { readonly kind: 'address'; readonly nodeId: PeerId; readonly address: string }
  | { readonly kind: 'trouble'; readonly text: string }
  /** It cannot go on, and has stopped talking to anybody. */
  | { readonly kind: 'failed'; readonly text: string };
