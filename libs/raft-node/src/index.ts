export { StoreDamaged, StoreUnusable } from './store/store-errors.js';
export { RaftStore, type StoreIdentity, type Write } from './store/raft-store.js';
