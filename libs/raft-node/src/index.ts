export type { NodeStatus, PeerAddress, Peers, Role } from './driver/messages.js';
export { RaftUnavailable, type UnavailableCode } from './driver/raft-errors.js';
export { type Applied, type NodeOptions, RaftNode, type StateMachine } from './driver/raft-node.js';
export { StoreDamaged, StoreUnusable } from './store/store-errors.js';
export { RaftStore, type StoreIdentity, type Write } from './store/raft-store.js';
export { type TlsOptions } from './transport/channel.js';
export { type Identity } from './transport/handshake.js';
export { RaftTransport, type TransportCounters, type TransportOptions } from './transport/raft-transport.js';
