/** Seeds of coordinators without a group that once broke a promise, and why. They are run for ever. A change of what is drawn makes them other runs. */
import type { GroupRun } from './simulate-group.js';

export const GROUP_CORPUS: readonly (GroupRun & { readonly why: string })[] = [
  { seed: 13, minutes: 2, why: 'one that had read of its own removal kept the leader that it had, and never learnt that it had been put out' },
  { seed: 35, minutes: 2, why: 'a newcomer that knew old addresses answered its leader where another one was by then' },
  { seed: 202, minutes: 2, why: 'one that was behind refused the leader, whose disk had been replaced since, and nobody else could help it up' },
  { seed: 145, minutes: 2, why: 'a newcomer that nobody had ever heard got a vote, and the group of two could not go on without it' },
  { seed: 166, minutes: 2, why: 'the same, of a machine that lost its disk before it had the first entry' },
  { seed: 111, minutes: 2, why: 'a learner that was put out before it had a vote never gave up the leader that had called it' },
  { seed: 156, minutes: 2, why: 'whoever was put out asked others that had been put out long ago, who remembered another leader' },
  { seed: 2679, minutes: 2, why: 'one that stood still founded a group by answers of before, with a disk that was lost meanwhile' },
  { seed: 11141, minutes: 2, why: 'two were to go, one of them ended before, and the other was let go: one of two was left, and the group could not go on' },
  { seed: 12401, minutes: 2, why: 'one that was to replace a member that was gone by then put out the one that came under its name later' },
];
