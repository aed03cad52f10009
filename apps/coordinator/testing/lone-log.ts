/** A log in memory that always leads, unless a test says otherwise: for parts that only need something to be agreed. */
import type { LogEntry, LogStatus, Mandate, Proposed, ProposeOptions, ReplicatedLog, StateMachine } from '../src/log/replicated-log.js';

export class LoneLog<C, O> implements ReplicatedLog<C, O> {
  index = 0;
  private led: Mandate = { isLeader: true, term: 1 };
  private readonly listeners = new Set<(mandate: Mandate) => void>();
  private isClosed = false;
  private refusal: string | null = null;

  constructor(
    readonly nodeId: string,
    private readonly machine: StateMachine<C, O>,
  ) {}

  /** Makes this one the leader of a term, or not. */
  lead(mandate: Mandate): void {
    this.led = mandate;
    for (const listener of this.listeners) listener(mandate);
  }

  /** From now on nothing is agreed to, for that reason. */
  refuse(reason: string): void {
    this.refusal = reason;
  }

  async propose(command: C, { revise = (it) => it }: ProposeOptions<C> = {}): Promise<Proposed<O>> {
    if (this.isClosed) return { kind: 'unavailable', code: 'closed', reason: 'the log is closed' };
    if (!this.led.isLeader) return { kind: 'unavailable', code: 'not-leader', reason: 'somebody else leads' };
    if (this.refusal !== null) return { kind: 'unavailable', code: 'refused', reason: this.refusal };
    await new Promise((resolve) => setImmediate(resolve));
    const revised = revise(command);
    if (revised === null) return { kind: 'withdrawn' };
    const entry = { index: (this.index += 1), term: this.led.term, command: revised };
    return { kind: 'applied', index: entry.index, term: entry.term, outcome: this.machine.apply(entry) };
  }

  /** What another leader got agreed. */
  arrive(entry: LogEntry<C>): void {
    this.index = entry.index;
    this.machine.apply(entry);
  }

  mandate(): Mandate {
    return this.led;
  }

  onMandate(listener: (mandate: Mandate) => void): void {
    this.listeners.add(listener);
  }

  status(): LogStatus {
    const { isLeader, term } = this.led;
    return { role: this.isClosed ? 'shutdown' : isLeader ? 'leader' : 'follower', term, commitIndex: this.index, appliedIndex: this.index, leaderId: isLeader && !this.isClosed ? this.nodeId : null, hasQuorum: isLeader && !this.isClosed, contactAgeMs: 0, fault: '' };
  }

  handOver(): Promise<null> {
    return Promise.resolve(null);
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}
