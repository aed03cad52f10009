/**
 * A replicated log with one replica: durable, ordered, always its own leader.
 *
 * What is proposed in one turn of the event loop is appended in one transaction, then applied in order. An entry
 * that is on the disk is applied at the next start even if the process died before it could be applied.
 */
import type { LogEntry, LogStatus, Mandate, Proposed, ProposeOptions, ReplicatedLog, StateMachine } from './replicated-log.js';
import type { LogStore, StoredSnapshot } from './log-store.js';

export interface LocalDurableLogOptions<C, O> {
  readonly store: LogStore;
  readonly nodeId: string;
  /** Makes the machine from a snapshot, or empty. */
  readonly machine: (snapshot: StoredSnapshot | null) => StateMachine<C, O>;
  /** Entries between two snapshots. Count. */
  readonly snapshotEntries: number;
  /** Told of each entry that is applied after the start, in order. */
  readonly onApplied: (entry: LogEntry<C>, outcome: O) => void;
  readonly onFault: (reason: string) => void;
  /** Time between two tries of a disk that could not be written. Milliseconds. Default 1000. */
  readonly retryMs?: number;
}

interface Waiting<C, O> {
  readonly command: C;
  readonly revise: (command: C) => C | null;
  readonly resolve: (proposed: Proposed<O>) => void;
}

/** Proposals that may wait for the disk. Count. */
const WAITING_MAX = 10_000;
/** Entries in one transaction. Count. */
const BATCH_MAX = 1000;
const RETRY_MS = 1000;

export class LocalDurableLog<C, O> implements ReplicatedLog<C, O> {
  private readonly machine: StateMachine<C, O>;
  private readonly term: number;
  private index = 0;
  private snapshotIndex = 0;
  private waiting: Waiting<C, O>[] = [];
  private isScheduled = false;
  private isClosed = false;
  private fault = '';
  private retry: NodeJS.Timeout | null = null;

  constructor(private readonly options: LocalDurableLogOptions<C, O>) {
    const { store } = options;
    const snapshot = store.snapshot();
    this.machine = options.machine(snapshot);
    this.index = snapshot?.index ?? 0;
    this.snapshotIndex = this.index;
    for (const stored of store.entriesAfter(this.index)) {
      this.machine.apply({ ...stored, command: stored.command as C });
      this.index = stored.index;
    }
    this.term = store.nextTerm();
  }

  propose(command: C, { revise = (it) => it }: ProposeOptions<C> = {}): Promise<Proposed<O>> {
    if (this.isClosed) return Promise.resolve({ kind: 'unavailable', code: 'closed', reason: 'the log is closed' });
    if (this.waiting.length >= WAITING_MAX) return Promise.resolve({ kind: 'unavailable', code: 'busy', reason: `${WAITING_MAX} proposals are waiting for the disk` });
    return new Promise((resolve) => {
      this.waiting.push({ command, revise, resolve });
      this.schedule();
    });
  }

  status(): LogStatus {
    const { nodeId } = this.options;
    return { role: this.isClosed ? 'shutdown' : 'leader', term: this.term, commitIndex: this.index, appliedIndex: this.index, leaderId: this.isClosed ? null : nodeId, hasQuorum: !this.isClosed, contactAgeMs: 0, fault: this.fault };
  }

  mandate(): Mandate {
    return { isLeader: !this.isClosed, term: this.term };
  }

  onMandate(): void {}

  handOver(): Promise<null> {
    return Promise.resolve(null);
  }

  close(): Promise<void> {
    if (!this.isClosed) {
      while (this.waiting.length > 0) this.flush();
      this.isClosed = true;
      if (this.retry !== null) clearTimeout(this.retry);
      this.options.store.close();
    }
    return Promise.resolve();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      if (!this.isClosed) this.flush();
      if (this.waiting.length > 0) this.schedule();
    });
  }

  private flush(): void {
    const batch: Waiting<C, O>[] = [];
    for (const waiting of this.waiting.splice(0, BATCH_MAX)) {
      const command = waiting.revise(waiting.command);
      if (command === null) waiting.resolve({ kind: 'withdrawn' });
      else batch.push({ ...waiting, command });
    }
    if (batch.length === 0) return;
    const entries = batch.map(({ command }, position) => ({ index: this.index + 1 + position, term: this.term, command }));
    if (!this.append(entries, batch)) return;
    entries.forEach((entry, position) => {
      const outcome = this.machine.apply(entry);
      this.index = entry.index;
      this.options.onApplied(entry, outcome);
      batch[position]?.resolve({ kind: 'applied', index: entry.index, term: entry.term, outcome });
    });
    if (this.snapshotWhenDue()) this.fault = '';
  }

  private append(entries: readonly LogEntry<C>[], batch: readonly Waiting<C, O>[]): boolean {
    try {
      this.options.store.append(entries);
      return true;
    } catch (error) {
      // Nothing of it is on the disk, so nothing of it happened; whoever proposed will see the same again and propose again.
      const reason = `the log cannot be written: ${error instanceof Error ? error.message : String(error)}`;
      this.fail(reason);
      for (const { resolve } of batch) resolve({ kind: 'unavailable', code: 'busy', reason });
      return false;
    }
  }

  /** False when one is due and cannot be written. */
  private snapshotWhenDue(): boolean {
    if (this.index - this.snapshotIndex < this.options.snapshotEntries) return true;
    try {
      this.options.store.saveSnapshot({ index: this.index, term: this.term, state: this.machine.snapshot() });
      this.snapshotIndex = this.index;
      return true;
    } catch (error) {
      // The entries are all there, so nothing is lost.
      this.fail(`the snapshot cannot be written: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  }

  private fail(reason: string): void {
    if (this.fault === '') this.options.onFault(reason);
    this.fault = reason;
    this.retry ??= setTimeout(() => this.tryDisk(), this.options.retryMs ?? RETRY_MS).unref();
  }

  /** Nobody may have anything to propose for hours: without this we would stay out of service for a disk that is well again. */
  private tryDisk(): void {
    this.retry = null;
    try {
      this.options.store.touch();
    } catch (error) {
      this.fail(`the log cannot be written: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    if (this.snapshotWhenDue()) this.fault = '';
  }
}
