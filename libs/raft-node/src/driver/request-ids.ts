/** Where the ids of questions begin. */
import { randomInt } from 'node:crypto';

/**
 * Somewhere else in each life of a member: a leader may answer a question of the life before only after a restart, and that answer, which is
 * about an earlier time, must not be taken for the one to a new question. Leaves room for 2^52 questions.
 */
export function firstRequestId(): number {
  return randomInt(2 ** 47) + 1;
}
