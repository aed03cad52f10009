export { AskedProcess, type AskedProcessOptions } from './asked-process.js';
export { BadDisks, canFillDisks, type DiskFault, type Launch, smallDisk } from './bad-disks.js';
export { eventually, until } from './until.js';
export { freePort } from './free-port.js';
export { failureOf } from './failure-of.js';
export { checkLinearizable, HistoryCheck } from './linearizability/history-check.js';
export { type Linearizability, type Operation, type Violation } from './linearizability/operation.js';
