/** What one run is like: drawn from its seed, so that many seeds try many mixes of sizes, settings and faults (a swarm). */
import type { SeededRandom } from '../seeded-random.js';

export interface RaftSettings {
  /** Voters that found the group. Count. */
  readonly members: number;
  /** Members of the group that join later, if at all. Count. */
  readonly spares: number;
  readonly tickMs: number;
  readonly heartbeatTicks: number;
  readonly electionTicks: number;
  readonly leases: boolean;
  /** Clocks are slower or faster by up to this. Ratio. */
  readonly clockRateError: number;
  readonly appendBytesMax: number;
  readonly snapshotChunkBytes: number;
  readonly inFlightMax: number;
  /** A member makes a snapshot after so many applied entries. Count. */
  readonly snapshotEntries: number;
  readonly keepEntries: number;
  /** The state machine's state, besides what it is about. Bytes. */
  readonly stateBytes: number;
  readonly proposalsPerSecond: number;
  readonly readsPerSecond: number;
  /** Of a write to the disk; most take less than a millisecond. Milliseconds, exponential mean. */
  readonly writeMsMean: number;

  readonly delayMsTail: number;
  readonly lossRate: number;
  readonly duplicationRate: number;
  readonly reorderRate: number;
  /** Messages that arrive once more, much later. Share. */
  readonly staleRate: number;

  /** Mean times between faults of the whole group. Milliseconds; Infinity for never. */
  readonly crashEveryMs: number;
  readonly pauseEveryMs: number;
  readonly cutEveryMs: number;
  readonly clogEveryMs: number;
  readonly slowDiskEveryMs: number;
  readonly changeEveryMs: number;
  readonly handOverEveryMs: number;
  /** How long a crashed member is away, about. Milliseconds. */
  readonly awayMsMean: number;
  readonly cutMsMean: number;
  /** Chance that a turn which writes ends in a crash, at one of its steps. */
  readonly crashInTurnRate: number;
  /** Chance that a member crashes right after it gave its vote. */
  readonly crashAfterVoteRate: number;
  /** Chance that a write fails: the member ends, and nobody knows what of it is on disk. */
  readonly writeErrorRate: number;
}

const SECOND = 1000;

export function drawSettings(random: SeededRandom, members?: number): RaftSettings {
  const oneOf = <T>(...items: readonly [T, ...T[]]): T => items[random.nextInt(items.length)] ?? items[0];
  const every = (meanMs: number): number => (random.chance(0.2) ? Infinity : random.exponential(meanMs) + SECOND);
  const rate = (probability: number, max: number): number => (random.chance(probability) ? random.between(0, max) : 0);
  const leases = random.chance(0.25);
  const heartbeatTicks = oneOf(1, 1, 2);
  const tickMs = heartbeatTicks === 2 ? oneOf(25, 50) : oneOf(50, 100, 100);
  const isStormy = random.chance(0.15);
  const storm = isStormy ? 0.1 : 1;
  return {
    members: members ?? oneOf(1, 2, 3, 3, 3, 3, 3, 4, 5, 5, 7),
    spares: oneOf(0, 1, 2),
    tickMs,
    heartbeatTicks,
    electionTicks: heartbeatTicks * oneOf(5, 8, 10),
    leases,
    clockRateError: oneOf(0, 0.001, 0.02),
    appendBytesMax: oneOf(100, 1000, 256 * 1024),
    snapshotChunkBytes: oneOf(64, 700, 256 * 1024),
    inFlightMax: oneOf(1, 4, 256),
    snapshotEntries: oneOf(1, 10, 100, 1000),
    keepEntries: oneOf(0, 5, 50),
    stateBytes: oneOf(0, 100, 2000),
    proposalsPerSecond: oneOf(2, 5, 10),
    readsPerSecond: oneOf(0, 1, 4),
    writeMsMean: oneOf(0.3, 1, 5),
    delayMsTail: oneOf(1, 1, 5, 30),
    lossRate: isStormy ? random.between(0.1, 0.3) : oneOf(0, 0.01, 0.05),
    duplicationRate: oneOf(0, 0.02),
    reorderRate: oneOf(0, 0.1),
    staleRate: oneOf(0, 0.001),
    crashEveryMs: every(30 * SECOND) * storm,
    pauseEveryMs: every(45 * SECOND),
    cutEveryMs: every(30 * SECOND),
    clogEveryMs: every(60 * SECOND),
    slowDiskEveryMs: every(60 * SECOND),
    changeEveryMs: every(15 * SECOND),
    handOverEveryMs: every(30 * SECOND),
    awayMsMean: oneOf(200, 2000, 10 * SECOND) * storm,
    cutMsMean: oneOf(500, 3000, 15 * SECOND),
    crashInTurnRate: rate(0.5, 0.01),
    crashAfterVoteRate: rate(0.3, 0.3),
    writeErrorRate: rate(0.3, 0.001),
  };
}
