/**
 * Whether we may judge others: do we run, and do beats reach us through each heartbeat partition?
 *
 * Any newer beat proves the partition that brought it; our own, which goes through each, is the canary of quiet ones. A node's silence
 * is evidence only when its partition brought something after its beat was due. Reads no clock.
 */

export interface SelfDoubtOptions {
  /** Time between two steps beyond which the loop did not run. Milliseconds. */
  readonly pauseMs: number;
  /** Time without proof after which a partition is blind. Milliseconds, > two intervals of our own beats: one of them may be lost. */
  readonly blindAfterMs: number;
}

interface Partition {
  provenAtMs: number;
  /** When our own beat came through; null before the first. */
  canaryAtMs: number | null;
  /** How far behind its reading is, by our own beat. Milliseconds. */
  lagMs: number;
  /** Least time that our own beat took, plus the offset of the clocks. Milliseconds. */
  leastDelayMs: number;
  /** Up to when everything was seen, lag or not. */
  seenUpToMs: number;
  /** Absences of ours since then: they were excused already. Milliseconds. */
  excusedMs: number;
  isBlind: boolean;
}

export class SelfDoubt {
  private readonly partitions = new Map<number, Partition>();
  private ranAtMs: number;

  constructor(
    private readonly options: SelfDoubtOptions,
    private readonly startedAtMs: number,
  ) {
    this.ranAtMs = startedAtMs;
  }

  /** Says how long we did not run although we should have. Milliseconds; 0 when we did. Asked at every step. */
  ran(nowMs: number): number {
    const awayMs = this.awayMs(nowMs);
    this.ranAtMs = nowMs;
    if (awayMs > 0) for (const partition of this.partitions.values()) partition.excusedMs += awayMs;
    return awayMs;
  }

  /** The same, for a look that is no step. */
  awayMs(nowMs: number): number {
    const gapMs = nowMs - this.ranAtMs;
    return gapMs > this.options.pauseMs ? gapMs : 0;
  }

  /** Our own beat came through. */
  canary(partition: number, sentMonoMs: number, nowMs: number): void {
    const at = this.at(partition);
    const delayMs = nowMs - sentMonoMs;
    at.leastDelayMs = Math.min(at.leastDelayMs, delayMs);
    at.lagMs = delayMs - at.leastDelayMs;
    at.canaryAtMs = nowMs;
  }

  /** Our own beats begin anew, on another clock. */
  reborn(): void {
    for (const partition of this.partitions.values()) partition.leastDelayMs = Infinity;
  }

  /** A newer beat came through. Says for how long we had been blind there while we ran. Milliseconds; 0 when we were not. */
  proven(partition: number, nowMs: number): number {
    const at = this.at(partition);
    const wasBlind = this.isBlind(partition, nowMs);
    at.provenAtMs = Math.max(at.provenAtMs, nowMs - at.lagMs);
    // What lay unread for long proves that we are behind.
    at.isBlind = nowMs - at.provenAtMs > this.options.blindAfterMs;
    if (at.isBlind) return 0;
    const blindMs = wasBlind ? Math.max(0, nowMs - at.seenUpToMs - at.excusedMs) : 0;
    at.seenUpToMs = nowMs;
    at.excusedMs = 0;
    return blindMs;
  }

  /** Another way shows what blind partitions should: says what was not seen of each until now, once. */
  forgive(nowMs: number): { readonly partition: number; readonly unobservedMs: number }[] {
    const forgiven = [];
    for (const [partition, at] of this.partitions) {
      if (!this.isBlind(partition, nowMs)) continue;
      const unobservedMs = Math.max(0, nowMs - at.seenUpToMs - at.excusedMs);
      at.seenUpToMs = nowMs;
      at.excusedMs = 0;
      if (unobservedMs > 0) forgiven.push({ partition, unobservedMs });
    }
    return forgiven;
  }

  isBlind(partition: number, nowMs: number): boolean {
    const at = this.partitions.get(partition);
    if (at === undefined) return true;
    at.isBlind ||= nowMs - at.provenAtMs > this.options.blindAfterMs;
    return at.isBlind;
  }

  /** When the partition last showed that what is sent through it reaches us; -Infinity while it is blind. */
  provenAtMs(partition: number, nowMs: number): number {
    return this.isBlind(partition, nowMs) ? -Infinity : (this.partitions.get(partition)?.provenAtMs ?? -Infinity);
  }

  /** The same for a node whose partition is not known: it may be any of them. */
  leastProofMs(nowMs: number): number {
    let leastMs = this.partitions.size === 0 ? -Infinity : Infinity;
    for (const partition of this.partitions.keys()) leastMs = Math.min(leastMs, this.provenAtMs(partition, nowMs));
    return leastMs;
  }

  /** How long ago our own beat came through. Milliseconds; null when it never did. */
  canaryAgeMs(partition: number, nowMs: number): number | null {
    const at = this.partitions.get(partition)?.canaryAtMs ?? null;
    return at === null ? null : nowMs - at;
  }

  hasBlind(nowMs: number): boolean {
    if (this.partitions.size === 0) return true;
    for (const partition of this.partitions.keys()) if (this.isBlind(partition, nowMs)) return true;
    return false;
  }

  /** What we doubt of ourselves, for people; empty when nothing. With a partition: what concerns that one. */
  reason(nowMs: number, partition?: number): string {
    if (this.partitions.size === 0) return 'no beat has reached this coordinator through the bus yet: it judges nobody by silence';
    // Asked for each node that is not well, and hardly ever in doubt.
    if (partition !== undefined && !(this.partitions.has(partition) && this.isBlind(partition, nowMs))) return '';
    const blind = [...this.partitions.keys()].filter((it) => (partition === undefined || it === partition) && this.isBlind(it, nowMs));
    if (blind.length === 0) return '';
    const sinceMs = Math.max(...blind.map((it) => nowMs - (this.partitions.get(it)?.provenAtMs ?? this.startedAtMs)));
    const which = partition === undefined && blind.length === this.partitions.size ? 'any heartbeat partition' : `heartbeat partition ${blind.toSorted((a, b) => a - b).join(', ')}`;
    return `no beat has reached this coordinator through ${which} for ${(sinceMs / 1000).toFixed(1)} s, not even its own: it judges nobody there by silence`;
  }

  private at(partition: number): Partition {
    const known = this.partitions.get(partition);
    if (known !== undefined) return known;
    const fresh: Partition = { provenAtMs: this.startedAtMs, canaryAtMs: null, lagMs: 0, leastDelayMs: Infinity, seenUpToMs: this.startedAtMs, excusedMs: 0, isBlind: true };
    this.partitions.set(partition, fresh);
    return fresh;
  }
}
