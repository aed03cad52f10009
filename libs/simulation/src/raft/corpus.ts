/** Seeds that once broke a promise, and why. They are run for ever. A change of what is drawn makes them other runs: still fine ones. */
import type { RaftRun } from './simulate-raft.js';

export const RAFT_CORPUS: readonly (RaftRun & { readonly why: string })[] = [
  { seed: 268, minutes: 2, why: 'a leader of two removed itself and crashed: its log was too long for the other to be elected, and it did not stand' },
];
