export { heirOf } from './driver/heir.js';
export type { LoopCounts, NodeStatus, PeerAddress, PeerPulse, Peers, Pulse, Role } from './driver/messages.js';
export { monotonicMs } from './driver/monotonic.js';
export { type AgedPulse } from './driver/pulse.js';
export { RaftUnavailable, type UnavailableCode } from './driver/raft-errors.js';
export { type Applied, type NodeOptions, RaftNode, type StateMachine } from './driver/raft-node.js';
export { type SnapshotPieces, takeSnapshot, wholeSnapshot } from './driver/snapshot-taking.js';
export { type Recovery, type RecoveryOptions, RecoveryRefused, recoverStore } from './recovery/recover-store.js';
export { inspectStore, type StoreReport } from './recovery/store-report.js';
export { StoreDamaged, StoreUnusable, StoreUnwritable } from './store/store-errors.js';
export { RaftStore, type StoreIdentity, type Write } from './store/raft-store.js';
export { type TlsOptions } from './transport/channel.js';
export { type Identity } from './transport/handshake.js';
export { RaftTransport, type TransportCounters, type TransportOptions } from './transport/raft-transport.js';
export { type GroupCounters, type GroupOptions, type Introduced, RaftGroup } from './group/raft-group.js';
export {
  type Addresses,
  type Admission,
  admissionOf,
  applicationEntry,
  clusterIdOf,
  compareRank,
  type Directory,
  type DirectoryAnswer,
  type DirectoryCommand,
  directoryEntry,
  type DirectoryPeer,
  type Duty,
  EMPTY_DIRECTORY,
  formationStep,
  type FormationStep,
  followersOf,
  foundingState,
  GroupMachine,
  hasToAnnounce,
  JoinNonces,
  KeepingUp,
  leaderUrlIn,
  type Newcomer,
  nextDuty,
  openEntry,
  type Patience,
  patienceWith,
  peerNamed,
  removalHindrance,
  type Unformed,
  Whereabouts,
} from './group/rules.js';
