/** `npm run simulate -- group`: coordinators that have no group yet, as `simulate-group.ts` runs them. */
import { runSeeds } from '../seeds-command.js';
import { simulateGroup } from './simulate-group.js';

export function runGroupCommand(words: readonly string[]): Promise<void> {
  const description = 'Coordinators with empty disks and the real rules of founding and belonging, under faults from the first moment on, drawn for each seed; then peace.';
  return runSeeds({ name: 'group', description, entry: new URL('./group-job.js', import.meta.url), simulate: simulateGroup, minutes: 2 }, words);
}
