/**
 * The log of one member in memory, from its snapshot on: entries, configurations in force, what is durable, committed, handed out.
 *
 * Durability itself is the driver's; this only remembers how far it got. Indices: `snapshotIndex <= applied <= committed <= lastIndex`.
 */
import { invariant } from './invariant.js';
import { type Configuration, type Entry, entryBytes, NO_PEERS, type Restored, type Snapshot } from './types.js';

interface ConfigAt {
  readonly index: number;
  readonly config: Configuration;
}

export class RaftLog {
  private entries: Entry[];
  /** The entry before the first that is kept: gone, but appends still have to name its term. */
  private before: { readonly index: number; readonly term: number };
  private configs: ConfigAt[] = [];
  private latestSnapshot: Snapshot | null;
  private committed: number;
  private applied: number;
  /** Up to here the log is on disk. */
  private durable: number;
  /** Up to here it was given out to be written. */
  private handedOut: number;

  constructor(restored: Restored) {
    const { snapshot, entries, hard } = restored;
    this.latestSnapshot = snapshot;
    this.entries = [...entries];
    const base = snapshot?.index ?? 0;
    this.before = { index: base, term: snapshot?.term ?? 0 };
    this.configs.push({ index: base, config: snapshot?.config ?? NO_PEERS });
    entries.forEach((entry, position) => {
      invariant(entry.index === base + position + 1, 'the restored log has no gap', { index: entry.index, expected: base + position + 1 });
      if (entry.kind === 'config') this.configs.push({ index: entry.index, config: entry.config });
    });
    invariant(hard.commit <= base + entries.length, 'what was committed is in the restored log', { commit: hard.commit, last: base + entries.length });
    this.committed = Math.max(hard.commit, base);
    this.applied = base;
    this.durable = base + entries.length;
    this.handedOut = this.durable;
  }

  get snapshot(): Snapshot | null {
    return this.latestSnapshot;
  }

  get snapshotIndex(): number {
    return this.latestSnapshot?.index ?? 0;
  }

  get firstIndex(): number {
    return this.before.index + 1;
  }

  get lastIndex(): number {
    return this.before.index + this.entries.length;
  }

  get lastTerm(): number {
    return this.entries.at(-1)?.term ?? this.before.term;
  }

  get commitIndex(): number {
    return this.committed;
  }

  get appliedIndex(): number {
    return this.applied;
  }

  get durableIndex(): number {
    return this.durable;
  }

  /** The configuration in force: the latest in the log, committed or not. */
  get config(): Configuration {
    return this.configs.at(-1)?.config ?? NO_PEERS;
  }

  /** Where the configuration in force stands in the log. */
  get configIndex(): number {
    return this.configs.at(-1)?.index ?? 0;
  }

  /** The configuration that was in force at an index; for snapshots of what is applied. */
  configAt(index: number): Configuration {
    return this.configs.findLast((at) => at.index <= index)?.config ?? NO_PEERS;
  }

  /** Term of the entry at `index`; null when it lies outside of what is kept. */
  termAt(index: number): number | null {
    return index === this.before.index ? this.before.term : (this.at(index)?.term ?? null);
  }

  /** Entries from `index` on, within a budget of bytes but at least one. */
  slice(index: number, bytesMax: number): readonly Entry[] {
    const found: Entry[] = [];
    let bytes = 0;
    for (let position = this.position(index); position < this.entries.length; position++) {
      const entry = this.entries[position] as Entry;
      bytes += entryBytes(entry);
      if (found.length > 0 && bytes > bytesMax) break;
      found.push(entry);
    }
    return found;
  }

  /** Bytes of the entries from `first` to `last`. */
  bytesBetween(first: number, last: number): number {
    let bytes = 0;
    for (let index = first; index <= last; index++) {
      const entry = this.at(index);
      if (entry !== undefined) bytes += entryBytes(entry);
    }
    return bytes;
  }

  /** Where the entries up to `index` begin of which at most so many, and so many bytes, are kept. */
  keptFrom(index: number, countMax: number, bytesMax: number): number {
    let first = index + 1;
    let bytes = 0;
    while (first > this.firstIndex && index + 1 - first < countMax) {
      bytes += this.bytesBetween(first - 1, first - 1);
      if (bytes > bytesMax) break;
      first -= 1;
    }
    return first;
  }

  /** True when a log that ends so is at least as complete as ours (paper 5.4.1). */
  isUpToDate(lastIndex: number, lastTerm: number): boolean {
    return lastTerm > this.lastTerm || (lastTerm === this.lastTerm && lastIndex >= this.lastIndex);
  }

  /** Adds entries at the end. */
  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      invariant(entry.index === this.lastIndex + 1, 'the log grows without a gap', { index: entry.index, last: this.lastIndex });
      this.entries.push(entry);
      if (entry.kind === 'config') this.configs.push({ index: entry.index, config: entry.config });
    }
  }

  /** Takes what a leader sent: what is known stays, what conflicts goes with all that follows it (paper 5.3). Says what was added. */
  merge(entries: readonly Entry[]): readonly Entry[] {
    const from = entries.findIndex((entry) => this.termAt(entry.index) !== entry.term && entry.index > this.snapshotIndex);
    if (from === -1) return [];
    const added = entries.slice(from);
    const first = added[0]?.index ?? this.lastIndex + 1;
    if (first <= this.lastIndex) this.truncateFrom(first);
    this.append(added);
    return added;
  }

  /** True when the committed index moved. */
  commitTo(index: number): boolean {
    if (index <= this.committed) return false;
    invariant(index <= this.lastIndex, 'nothing is committed that is not in the log', { index, last: this.lastIndex });
    this.committed = index;
    return true;
  }

  /** What the state machine may be given now: committed and durable here. */
  applicable(bytesMax: number): readonly Entry[] {
    const upTo = Math.min(this.committed, this.durable);
    if (upTo <= this.applied) return [];
    return this.slice(this.applied + 1, bytesMax).filter((entry) => entry.index <= upTo);
  }

  appliedTo(index: number): void {
    invariant(index >= this.applied && index <= this.committed, 'only what is committed is applied, in order', { index, applied: this.applied, committed: this.committed });
    this.applied = index;
  }

  /** What has to be written now; what was written from its first index on is void. */
  takeUnwritten(): readonly Entry[] {
    const entries = this.slice(this.handedOut + 1, Infinity);
    this.handedOut = this.lastIndex;
    return entries;
  }

  get hasUnwritten(): boolean {
    return this.handedOut < this.lastIndex;
  }

  /** Entries up to `index` are on disk; `term` tells whether they still are the ones of the log. */
  durableTo(index: number, term: number): void {
    if (index > this.durable && this.termAt(index) === term) this.durable = index;
  }

  /** Replaces everything by a snapshot of somebody else's. */
  restore(snapshot: Snapshot): void {
    this.latestSnapshot = snapshot;
    this.entries = [];
    this.before = { index: snapshot.index, term: snapshot.term };
    this.configs = [{ index: snapshot.index, config: snapshot.config }];
    this.committed = snapshot.index;
    this.applied = snapshot.index;
    this.durable = snapshot.index;
    this.handedOut = snapshot.index;
  }

  /** Forgets what our own snapshot holds, but for the entries from `keepFrom` on, from which slow followers are fed. */
  compact(snapshot: Snapshot, keepFrom: number): void {
    invariant(snapshot.index <= this.applied && snapshot.index >= this.snapshotIndex, 'a snapshot holds what was applied', { index: snapshot.index, applied: this.applied });
    this.latestSnapshot = snapshot;
    const firstKept = Math.max(this.firstIndex, Math.min(snapshot.index + 1, keepFrom));
    const before = { index: firstKept - 1, term: this.termAt(firstKept - 1) ?? 0 };
    this.entries = this.entries.slice(this.position(firstKept));
    this.before = before;
    const base = this.configs.findLastIndex((at) => at.index <= snapshot.index);
    this.configs = this.configs.slice(Math.max(0, base));
  }

  private at(index: number): Entry | undefined {
    return this.entries[this.position(index)];
  }

  private position(index: number): number {
    return index - this.firstIndex;
  }

  private truncateFrom(index: number): void {
    invariant(index > this.committed, 'what is committed is never overwritten', { index, committed: this.committed });
    this.entries.length = this.position(index);
    this.configs = this.configs.filter((at) => at.index < index);
    this.durable = Math.min(this.durable, index - 1);
    this.handedOut = Math.min(this.handedOut, index - 1);
  }
}
