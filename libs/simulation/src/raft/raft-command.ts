/** `npm run simulate -- raft`: the group alone, as `simulate-raft.ts` runs it. */
import { runSeeds } from '../seeds-command.js';
import { simulateRaft } from './simulate-raft.js';

export function runRaftCommand(words: readonly string[]): Promise<void> {
  const description = 'A group of the real Raft core under faults of network, disks and processes, drawn anew for each seed; then peace. The same seed is the same run.';
  return runSeeds({ name: 'raft', description, entry: new URL('./raft-job.js', import.meta.url), simulate: simulateRaft, minutes: 2 }, words);
}
