export { type ChangePlan, type ConfigChange, isVoter, membersOf, planChange } from './configuration.js';
export { BrokenInvariant } from './invariant.js';
export type { Message } from './message.js';
export { type RaftOptions } from './options.js';
export { committedIndex } from './quorum.js';
export { type PeerStatus, type Proposed, Raft, type RaftStatus, type Ready } from './raft.js';
export { type ReadAnswer, type Role } from './state.js';
export { type Configuration, type Entry, entryBytes, founded, type HardState, NO_PEERS, type PeerId, type Restored, type Snapshot } from './types.js';
