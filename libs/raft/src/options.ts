/** Settings of one member, in ticks: how long a tick is, only the driver knows. */
import type { PeerId } from './types.js';

export interface RaftOptions {
  readonly id: PeerId;
  /** Ticks without a word of a leader after which an election may begin; the real time is drawn from one to two times this. Count, >= 5 heartbeats. */
  readonly electionTicks: number;
  /** Ticks between two heartbeats of a leader. Count, >= 1. */
  readonly heartbeatTicks: number;
  /** A number in [0, 1), drawn anew on each call. The only chance that the core knows. */
  readonly random: () => number;
  /** Entries in one append. Bytes. Default 256 KiB. */
  readonly appendBytesMax?: number;
  /** Unanswered appends to one follower. Count. Default 256. */
  readonly inFlightMax?: number;
  /** Unanswered bytes to one follower. Default 4 MiB. */
  readonly inFlightBytesMax?: number;
  /** Proposals that are not committed; further ones are refused. Bytes. Default 16 MiB. */
  readonly uncommittedBytesMax?: number;
  /** One piece of a snapshot. Bytes. Default 256 KiB. */
  readonly snapshotChunkBytes?: number;
  /** Entries given out to be applied at once. Bytes. Default 1 MiB. */
  readonly applyBytesMax?: number;
  /** Of the entries kept before a snapshot. Bytes. Default 64 MiB. */
  readonly keepBytesMax?: number;
  /** Linearizable reads that wait; further ones are refused. Count. Default 10000. */
  readonly readsMax?: number;
  /**
   * Answer reads without a round of heartbeats while a majority cannot have another leader, which trusts clocks. A member that starts then
   * waits for an election timeout before it votes. Default false.
   */
  readonly leases?: boolean;
  /** Share by which clocks of two members may differ in speed, for lease reads. Ratio. Default 0.1. */
  readonly clockDriftMax?: number;
  /** Within how many ticks an election begins once a leader was reported gone, and least ticks until the next attempt. Count. Default electionTicks / 4. */
  readonly goneTicksMax?: number;
}

export type Settings = Required<RaftOptions>;

export function settingsOf(options: RaftOptions): Settings {
  const { electionTicks, heartbeatTicks } = options;
  if (!(heartbeatTicks >= 1) || electionTicks < 5 * heartbeatTicks) {
    throw new RangeError(`an election after ${electionTicks} ticks with a heartbeat every ${heartbeatTicks}: give an election at least five heartbeats, or a lost one deposes the leader`);
  }
  return {
    appendBytesMax: 256 * 1024,
    inFlightMax: 256,
    inFlightBytesMax: 4 * 1024 * 1024,
    uncommittedBytesMax: 16 * 1024 * 1024,
    snapshotChunkBytes: 256 * 1024,
    applyBytesMax: 1024 * 1024,
    keepBytesMax: 64 * 1024 * 1024,
    readsMax: 10_000,
    leases: false,
    clockDriftMax: 0.1,
    goneTicksMax: Math.max(1, Math.floor(electionTicks / 4)),
    ...options,
  };
}
