/**
 * What one member has on disk: term, vote, snapshot, entries; what was written survives every crash, and nothing else does.
 *
 * One write is one transaction, as in the SQLite store of `raft-node`: a crash in its midst leaves all of it or none.
 */
import { type Configuration, type Entry, founded, type HardState, NO_PEERS, type Restored, type Snapshot } from '@muster/raft';

export interface Write {
  readonly hard: HardState | null;
  readonly snapshot: Snapshot | null;
  readonly entries: readonly Entry[];
}

interface ConfigAt {
  readonly index: number;
  readonly config: Configuration;
}

export class StoreModel {
  hard: HardState = { term: 0, votedFor: null, commit: 0 };
  snapshot: Snapshot | null = null;
  private entries: Entry[] = [];
  private configs: ConfigAt[] = [];

  /** The store of a first member, or of one that joins. */
  constructor(first: Configuration | null) {
    if (first !== null) this.snapshot = founded(first).snapshot;
  }

  get snapshotIndex(): number {
    return this.snapshot?.index ?? 0;
  }

  get lastIndex(): number {
    return this.snapshotIndex + this.entries.length;
  }

  /** The latest one, committed or not. */
  get config(): Configuration {
    return this.configs.at(-1)?.config ?? this.snapshot?.config ?? NO_PEERS;
  }

  /** Configurations after an index. Count. */
  configsAfter(index: number): number {
    let count = 0;
    for (let at = this.configs.length - 1; at >= 0 && (this.configs[at]?.index ?? 0) > index; at--) count += 1;
    return count;
  }

  configBefore(index: number): Configuration {
    return this.configs.findLast((at) => at.index < index)?.config ?? this.snapshot?.config ?? NO_PEERS;
  }

  entryAt(index: number): Entry | undefined {
    return this.entries[index - this.snapshotIndex - 1];
  }

  /** Null for what it does not hold any more, or never did. */
  termAt(index: number): number | null {
    if (index === this.snapshotIndex) return this.snapshot?.term ?? 0;
    return this.entryAt(index)?.term ?? null;
  }

  restore(): Restored {
    return { hard: this.hard, snapshot: this.snapshot, entries: this.entries };
  }

  write({ hard, snapshot, entries }: Write): void {
    if (hard !== null) this.hard = hard;
    if (snapshot !== null) {
      this.snapshot = snapshot;
      this.entries = [];
      this.configs = [];
    }
    const first = entries[0]?.index;
    if (first === undefined) return;
    if (first <= this.lastIndex) this.truncateFrom(first);
    if (first !== this.lastIndex + 1) throw new Error(`entry ${first} is to be written after ${this.lastIndex}`);
    for (const entry of entries) {
      this.entries.push(entry);
      if (entry.kind === 'config') this.configs.push({ index: entry.index, config: entry.config });
    }
  }

  /** A snapshot of its own, and what it makes superfluous, in one transaction. */
  compact(snapshot: Snapshot): void {
    this.entries = this.entries.slice(snapshot.index - this.snapshotIndex);
    this.configs = this.configs.filter(({ index }) => index > snapshot.index);
    this.snapshot = snapshot;
  }

  /** Cuts off what a disk that lies had only promised to keep. For tests of the monitors. */
  forgetLast(count: number): void {
    if (count > 0 && this.entries.length > 0) this.truncateFrom(Math.max(this.snapshotIndex + 1, this.lastIndex + 1 - count));
    this.hard = { ...this.hard, commit: Math.min(this.hard.commit, this.lastIndex) };
  }

  private truncateFrom(index: number): void {
    this.entries.length = Math.max(0, index - this.snapshotIndex - 1);
    this.configs = this.configs.filter((at) => at.index < index);
  }
}
