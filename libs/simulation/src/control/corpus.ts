/** Seeds of the whole control plane that once broke a promise, and why. They are run for ever. A change of what is drawn makes them other runs. */
import type { ControlRun } from './simulate-control.js';

export const CONTROL_CORPUS: readonly (ControlRun & { readonly why: string })[] = [
  { seed: 25, minutes: 5, why: 'a member known from the log alone, and dead since before the coordinator came back, was watched by nobody' },
  { seed: 62, minutes: 5, why: 'a new leader knew an older beat of a dead member than was agreed, and its verdict was refused for ever' },
  { seed: 99, minutes: 5, why: 'the same, of a member that is HEALTHY by what the leader before had heard' },
  { seed: 30129, minutes: 5, why: 'silence was confirmed by the one other coordinator that answered and saw as little, while no ordinary member did' },
  { seed: 30215, minutes: 5, why: 'the same; and those who did not answer were asked again before others who might' },
];
