/** What one run of a group that is yet to be founded is like, drawn from its seed. */
import type { MemberSettings } from '../raft/raft-member.js';
import type { SeededRandom } from '../seeded-random.js';

export const CLUSTER = 'simulated';

export interface GroupSettings extends MemberSettings {
  /** Coordinators that found the group together. Count. */
  readonly expect: number;
  /** Coordinators with empty stores, fewer than twice as many. Count. */
  readonly candidates: number;
  readonly heartbeatTicks: number;
  readonly snapshotEntries: number;
  readonly promoteAfterMs: number;
  readonly delayMsTail: number;
  readonly lossRate: number;
  /** Share of the addresses that one look for others finds. */
  readonly discoverRate: number;
  /** They are started within this. Milliseconds. */
  readonly startSpreadMs: number;
  /** Chance that a process ends at a step that founds or joins: before it writes, after it, before it goes on. */
  readonly crashInStepRate: number;

  /** Mean times between faults. Milliseconds; Infinity for never. */
  readonly crashEveryMs: number;
  readonly pauseEveryMs: number;
  readonly cutEveryMs: number;
  readonly wipeEveryMs: number;
  readonly moveEveryMs: number;
  readonly removeEveryMs: number;
  readonly replaceEveryMs: number;
  readonly handOverEveryMs: number;
  /** A wish to join that somebody captured is sent again. */
  readonly replayEveryMs: number;
  readonly awayMsMean: number;
  readonly cutMsMean: number;
}

const SECOND = 1000;

export function drawGroupSettings(random: SeededRandom, expect?: number): GroupSettings {
  const oneOf = <T>(...items: readonly [T, ...T[]]): T => items[random.nextInt(items.length)] ?? items[0];
  const every = (meanMs: number): number => (random.chance(0.3) ? Infinity : random.exponential(meanMs) + SECOND);
  const wanted = expect ?? oneOf(3, 3, 3, 3, 3, 2, 5, 1);
  return {
    expect: wanted,
    candidates: wanted + random.nextInt(wanted),
    tickMs: 50,
    heartbeatTicks: 1,
    electionTicks: oneOf(5, 10),
    keepEntries: oneOf(0, 5, 50),
    snapshotEntries: oneOf(5, 50, 1000),
    promoteAfterMs: oneOf(100, 2000),
    writeMsMean: oneOf(0.3, 2),
    delayMsTail: oneOf(1, 1, 20, 200),
    lossRate: oneOf(0, 0, 0.02, 0.2),
    discoverRate: oneOf(1, 1, 0.8, 0.5),
    startSpreadMs: oneOf(10, 2 * SECOND, 20 * SECOND),
    crashInStepRate: oneOf(0, 0.05, 0.3),
    crashInTurnRate: random.chance(0.3) ? random.between(0, 0.005) : 0,
    crashAfterVoteRate: random.chance(0.2) ? 0.2 : 0,
    writeErrorRate: 0,
    crashEveryMs: every(8 * SECOND),
    pauseEveryMs: every(15 * SECOND),
    cutEveryMs: every(8 * SECOND),
    wipeEveryMs: every(20 * SECOND),
    moveEveryMs: every(20 * SECOND),
    removeEveryMs: every(40 * SECOND),
    replaceEveryMs: every(60 * SECOND),
    handOverEveryMs: every(30 * SECOND),
    replayEveryMs: every(5 * SECOND),
    awayMsMean: oneOf(300, 3 * SECOND, 10 * SECOND),
    cutMsMean: oneOf(SECOND, 5 * SECOND, 15 * SECOND),
  };
}
