/** `npm run simulate -- control`: coordinators, agents and Kafka together, as `simulate-control.ts` runs them. */
import { runSeeds } from '../seeds-command.js';
import { simulateControl } from './simulate-control.js';

export function runControlCommand(words: readonly string[]): Promise<void> {
  const description = 'Coordinators with the real observer, state machine and Raft core, agents, and a Kafka that comes and goes, under faults drawn for each seed; then peace.';
  return runSeeds({ name: 'control', description, entry: new URL('./control-job.js', import.meta.url), simulate: simulateControl, minutes: 5 }, words);
}
