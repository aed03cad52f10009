export { Member, type MemberOptions, TestCluster, type TestClusterOptions } from './test-cluster.js';
export { furnish, INSIDE, runInside } from './own-network.js';
export { ROOT, scratchFolder, Service, until } from './service.js';
export { type Turn, Verdicts } from './verdicts.js';
export { CoordinatorGroup, type CoordinatorGroupOptions, SECRET, Seat } from './coordinator-group.js';
export { type HistoryPiece, membersOf, OrderHistory, type OrderHistoryOptions } from './order-history.js';
