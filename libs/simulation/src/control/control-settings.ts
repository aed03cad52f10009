/** What one run of the whole control plane is like, drawn from its seed. */
import type { SeededRandom } from '../seeded-random.js';

export interface ControlSettings {
  readonly coordinators: number;
  readonly agents: number;
  readonly intervalMs: number;
  readonly tickMs: number;
  readonly heartbeatTicks: number;
  readonly electionTicks: number;
  /** Clocks are slower or faster by up to this. Ratio. */
  readonly clockRateError: number;
  /** Wall clocks of coordinators differ by up to this. Milliseconds. */
  readonly wallErrorMs: number;
  readonly snapshotEntries: number;
  readonly keepEntries: number;
  readonly writeMsMean: number;
  readonly delayMsTail: number;
  /** Of messages between coordinators; streams send what is lost again. */
  readonly lossRate: number;
  readonly duplicationRate: number;

  /** Mean times between faults. Milliseconds; Infinity for never. */
  readonly coordinatorCrashEveryMs: number;
  readonly coordinatorPauseEveryMs: number;
  readonly cutEveryMs: number;
  /** Ways between members and single coordinators: cut, in one direction only, or lossy. */
  readonly laneEveryMs: number;
  readonly slowDiskEveryMs: number;
  readonly handOverEveryMs: number;
  readonly kafkaEveryMs: number;
  readonly agentCrashEveryMs: number;
  readonly awayMsMean: number;
  readonly cutMsMean: number;
  readonly kafkaAwayMsMean: number;
  readonly crashInTurnRate: number;
  readonly crashAfterVoteRate: number;
  readonly writeErrorRate: number;
  /** Publishes that fail, of those nobody knows whether the broker kept them half. Share. */
  readonly publishErrorRate: number;
}

const SECOND = 1000;

export function drawControlSettings(random: SeededRandom, coordinators?: number): ControlSettings {
  const oneOf = <T>(...items: readonly [T, ...T[]]): T => items[random.nextInt(items.length)] ?? items[0];
  const every = (meanMs: number): number => (random.chance(0.25) ? Infinity : random.exponential(meanMs) + 5 * SECOND);
  return {
    coordinators: coordinators ?? oneOf(3, 3, 3, 3, 5, 1),
    agents: 20,
    intervalMs: oneOf(1000, 1000, 1000, 500),
    tickMs: oneOf(50, 100),
    heartbeatTicks: 1,
    electionTicks: oneOf(5, 10),
    clockRateError: oneOf(0, 0.001, 0.02),
    wallErrorMs: oneOf(0, 2000, 120 * SECOND),
    snapshotEntries: oneOf(5, 50, 1000),
    keepEntries: oneOf(0, 10),
    writeMsMean: oneOf(0.3, 2),
    delayMsTail: oneOf(1, 1, 5),
    lossRate: oneOf(0, 0.01),
    duplicationRate: oneOf(0, 0.01),
    coordinatorCrashEveryMs: every(60 * SECOND),
    coordinatorPauseEveryMs: every(60 * SECOND),
    cutEveryMs: every(60 * SECOND),
    slowDiskEveryMs: every(90 * SECOND),
    handOverEveryMs: every(60 * SECOND),
    kafkaEveryMs: every(90 * SECOND),
    agentCrashEveryMs: every(30 * SECOND),
    laneEveryMs: every(30 * SECOND),
    awayMsMean: oneOf(300, 3000, 15 * SECOND),
    cutMsMean: oneOf(1000, 5000, 20 * SECOND),
    kafkaAwayMsMean: oneOf(3000, 20 * SECOND),
    crashInTurnRate: random.chance(0.3) ? random.between(0, 0.002) : 0,
    crashAfterVoteRate: random.chance(0.2) ? 0.2 : 0,
    writeErrorRate: random.chance(0.2) ? 0.0005 : 0,
    publishErrorRate: oneOf(0, 0.05),
  };
}
