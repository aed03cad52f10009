/** What the main thread and the thread of the Raft loop say to each other: each posts arrays of these, in order. */
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
  /** Free space under which a leader hands over while it still can write. Bytes. */
  readonly lowWaterBytes: number;
  /** Entries that the main thread was given and has not applied, besides those that the store held: beyond that it stands still, and memory would run out. Count. */
  readonly unappliedMax: number;
}

export type ToLoop =
  | { readonly kind: 'propose'; readonly id: number; readonly data: Uint8Array }
  | { readonly kind: 'change'; readonly id: number; readonly change: ConfigChange }
  | { readonly kind: 'read'; readonly id: number }
  | { readonly kind: 'transfer'; readonly id: number; readonly to: PeerId }
  | { readonly kind: 'status'; readonly id: number }
  | { readonly kind: 'compact'; readonly id: number; readonly index: number; readonly data: Uint8Array }
  | { readonly kind: 'peers'; readonly peers: Peers }
  /** So far the main thread has applied; told now and then. */
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
  readonly counts: Readonly<LoopCounts>;
}

export interface PeerPulse {
  readonly id: PeerId;
  readonly voter: boolean;
  /** Highest entry that it is known to hold; null where only the leader knows. */
  readonly match: number | null;
  /** When its latest message came, by `monotonicMs`; null when none did. */
  readonly heardAtMs: number | null;
  /** Round trip of a heartbeat, smoothed; null where only the leader knows. */
  readonly rttMs: number | null;
  readonly isConnected: boolean;
}

/** What the loop counts, from its start. */
export interface LoopCounts {
  /** Terms that this member tried to begin. */
  elections: number;
  /** Times that another leader was seen than the one before. */
  leaderChanges: number;
  /** Times that this member ceased to lead. */
  stepDowns: number;
  /** Times that it asked another to lead because of its disk. */
  diskHandovers: number;
  /** Durable writes, the sum of their times, the longest of them, and the bytes of their entries. */
  writes: number;
  writeMsSum: number;
  writeMsMax: number;
  writeBytes: number;
  /** Times the loop stood still for longer than it can make good. */
  stalls: number;
  /** Snapshots of our own, and those that came from a leader. */
  snapshotsMade: number;
  snapshotsReceived: number;
}

/** What the main thread knows without asking: posted every `PULSE_MS` and with each change of role. All moments by `monotonicMs`. */
export interface Pulse extends Role {
  readonly atMs: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly lastIndex: number;
  readonly snapshotIndex: number;
  readonly config: Configuration;
  /** How old what is known here may be: at a leader when the latest question was sent that a majority answered, at others when their leader last spoke. */
  readonly contactAtMs: number | null;
  /** The other members. */
  readonly peers: readonly PeerPulse[];
  readonly transport: TransportCounters;
  readonly counts: Readonly<LoopCounts>;
  /** Null when it is not known. */
  readonly diskFreeBytes: number | null;
}

export type Refusal = { readonly kind: 'not-leader'; readonly leaderId: PeerId | null } | { readonly kind: 'busy' | 'refused'; readonly reason: string };

export type FromLoop =
  | { readonly kind: 'started'; readonly address: string; readonly storeId: string; readonly appliedIndex: number }
  | { readonly kind: 'restore'; readonly index: number; readonly data: Uint8Array }
  | { readonly kind: 'apply'; readonly entries: readonly AppliedEntry[] }
  /** In this order, from `index` on. */
  | { readonly kind: 'appended'; readonly ids: readonly number[]; readonly index: number; readonly term: number }
  | { readonly kind: 'denied'; readonly id: number; readonly why: Refusal }
  | { readonly kind: 'transferring' | 'compacted'; readonly id: number }
  | { readonly kind: 'readable'; readonly id: number; readonly index: number | null }
  | { readonly kind: 'status'; readonly id: number; readonly status: NodeStatus }
  | { readonly kind: 'role'; readonly role: Role }
  | { readonly kind: 'pulse'; readonly pulse: Pulse }
  | { readonly kind: 'address'; readonly nodeId: PeerId; readonly address: string }
  | { readonly kind: 'trouble'; readonly text: string }
  /** It cannot go on, and has stopped talking to anybody. */
  | { readonly kind: 'failed'; readonly text: string };
