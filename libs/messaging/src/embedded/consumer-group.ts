/**
 * One consumer group at the broker: who holds which partition, and how a partition passes from one member to the next.
 *
 * A partition is never held by two members: it is asked back (`revoke`), and given on once it was released, once its holder is
 * gone, or when the holder took too long (`lost`). Offsets are not its business.
 */
import type { StoredPartition, StoredTopic } from './record-store.js';
import { type GroupMember, shareOut } from './share-out.js';

/** A member and how to tell it things. */
export interface Seat extends GroupMember {
  granted(partitions: readonly StoredPartition[]): void;
  revoke(partition: StoredPartition): void;
  lost(partition: StoredPartition): void;
}

interface Holding {
  readonly seat: Seat;
  readonly partition: StoredPartition;
  /** When it was asked back, by the monotonic clock; null while it is not. */
  revokedAtMs: number | null;
}

const keyOf = (at: StoredPartition): string => `${at.topic}/${at.partition}`;

export class ConsumerGroup {
  readonly #seats = new Map<number, Seat>();
  readonly #holdings = new Map<string, Holding>();
  #targets = new Map<string, Seat>();

  constructor(
    readonly name: string,
    private readonly topics: ReadonlyMap<string, StoredTopic>,
  ) {}

  isEmpty(): boolean {
    return this.#seats.size === 0;
  }

  /** Takes the member in; returns how many partitions it will hold once others have let go. */
  join(seat: Seat, nowMs: number): number {
    this.#seats.set(seat.id, seat);
    this.#rebalance(nowMs);
    return [...this.#targets.values()].filter((target) => target.id === seat.id).length;
  }

  leave(seat: Seat, nowMs: number): void {
    if (!this.#seats.delete(seat.id)) return;
    for (const [key, holding] of this.#holdings) if (holding.seat.id === seat.id) this.#holdings.delete(key);
    this.#rebalance(nowMs);
  }

  release(seat: Seat, at: StoredPartition): void {
    if (!this.holds(seat, at)) return;
    this.#holdings.delete(keyOf(at));
    this.#grantFree();
  }

  holds(seat: Seat, at: StoredPartition): boolean {
    return this.#holdings.get(keyOf(at))?.seat.id === seat.id;
  }

  isRevoked(seat: Seat, at: StoredPartition): boolean {
    const holding = this.#holdings.get(keyOf(at));
    return holding === undefined || holding.seat.id !== seat.id || holding.revokedAtMs !== null;
  }

  /** Every partition that is held, with its holder. */
  *holders(): Generator<readonly [Seat, StoredPartition]> {
    for (const { seat, partition } of this.#holdings.values()) yield [seat, partition];
  }

  /** Takes back what was not released in time. */
  expire(nowMs: number, releaseTimeoutMs: number): void {
    for (const [key, holding] of this.#holdings) {
      if (holding.revokedAtMs === null || nowMs - holding.revokedAtMs < releaseTimeoutMs) continue;
      this.#holdings.delete(key);
      holding.seat.lost(holding.partition);
    }
    this.#grantFree();
  }

  #rebalance(nowMs: number): void {
    this.#targets = this.#shares();
    for (const [key, holding] of this.#holdings) {
      if (this.#targets.get(key)?.id === holding.seat.id || holding.revokedAtMs !== null) continue;
      holding.revokedAtMs = nowMs;
      holding.seat.revoke(holding.partition);
    }
    this.#grantFree();
  }

  #shares(): Map<string, Seat> {
    const seats = [...this.#seats.values()].toSorted((a, b) => a.id - b.id);
    const current = new Map([...this.#holdings].map(([key, holding]) => [key, holding.seat.id]));
    const loads = new Map<number, number>();
    const targets = new Map<string, Seat>();
    for (const topic of new Set(seats.flatMap((seat) => [...seat.topics]))) {
      const keys = (this.topics.get(topic)?.partitions ?? []).map(keyOf);
      for (const [key, id] of shareOut(topic, keys, seats, current, loads)) {
        const seat = this.#seats.get(id);
        if (seat !== undefined) targets.set(key, seat);
      }
    }
    return targets;
  }

  #grantFree(): void {
    const grants = new Map<Seat, StoredPartition[]>();
    for (const [key, seat] of this.#targets) {
      if (this.#holdings.has(key)) continue;
      const slash = key.lastIndexOf('/');
      const partition = this.topics.get(key.slice(0, slash))?.partitions[Number(key.slice(slash + 1))];
      if (partition === undefined) continue;
      this.#holdings.set(key, { seat, partition, revokedAtMs: null });
      grants.set(seat, [...(grants.get(seat) ?? []), partition]);
    }
    for (const [seat, partitions] of grants) seat.granted(partitions);
  }
}
