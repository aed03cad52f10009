/**
 * Between the main thread of a coordinator and its Raft thread, as `RaftLog` of apps/coordinator: proposals in, agreed commands out, and a
 * mandate only when everything of before its term is applied here.
 */
import type { Entry, Raft, Snapshot } from '@muster/raft';
import { type Change, type Command, type Entry as AgreedEntry, Membership, type MembershipRules, type MembershipSnapshot, type Outcome } from '@muster/membership';
import { AppliedState, commandOf, idOf } from '../raft/applied-state.js';
import type { RaftMember } from '../raft/raft-member.js';
import type { SimulatedProcess } from '../simulated-process.js';

/** Commands and snapshots by number: what travels are the numbers, as if they were bytes. */
export interface CommandBook {
  readonly commands: Command[];
  readonly snapshots: { readonly state: string; readonly hash: number }[];
}

export interface Mandate {
  readonly isLeader: boolean;
  readonly term: number;
}

/** Null outcome: nobody knows what became of it. */
export type Settle = (outcome: Outcome | null) => void;

export interface AgreedLogOptions {
  readonly member: RaftMember;
  readonly main: SimulatedProcess;
  readonly book: CommandBook;
  readonly rules: MembershipRules;
  readonly snapshotEntries: number;
  readonly onApplied: (entry: AgreedEntry, outcome: Outcome) => void;
  /** What a snapshot brought, as changes. */
  readonly onMissed: (changes: readonly Change[]) => void;
  readonly onState: (state: AppliedState) => void;
  readonly onMandate: () => void;
}

interface Waiting {
  readonly term: number;
  readonly settle: Settle;
}

const PROPOSE_MS_MAX = 5000;
const READ_MS_MAX = 1000;
const RETRY_MS = 100;

export class AgreedLog {
  membership: Membership;
  private readonly applied = new AppliedState();
  private readonly waiting = new Map<number, Waiting>();
  private readonly reads = new Map<number, (index: number | null) => void>();
  /** Reads that are granted, until so much is applied. */
  private catching: { readonly index: number; readonly term: number } | null = null;
  private role: Mandate = { isLeader: false, term: 0 };
  private seen: Mandate = this.role;
  private readyTerm = 0;
  private requestId = 0;
  private snapshotIndex = 0;

  constructor(private readonly options: AgreedLogOptions) {
    this.membership = new Membership(options.rules);
  }

  get mandate(): Mandate {
    const { isLeader, term } = this.role;
    return { isLeader: isLeader && this.readyTerm === term, term };
  }

  get appliedIndex(): number {
    return this.applied.index;
  }

  /** The process begins anew, with what is on its disk. */
  begin(): void {
    this.membership = new Membership(this.options.rules);
    this.applied.restore(null);
    this.waiting.clear();
    this.reads.clear();
    this.catching = null;
    this.role = { isLeader: false, term: 0 };
    this.seen = this.role;
    this.readyTerm = 0;
    this.snapshotIndex = 0;
  }

  propose(command: Command, settle: Settle): void {
    const { member, main, book } = this.options;
    if (!this.role.isLeader) return main.immediately(() => settle(null));
    const id = book.commands.push(command) - 1;
    let isSettled = false;
    const once: Settle = (outcome) => {
      if (isSettled) return;
      isSettled = true;
      settle(outcome);
    };
    main.wakeAfter(PROPOSE_MS_MAX, () => once(null));
    member.order((raft) => {
      const proposed = raft.propose([commandOf(id)]);
      if (proposed.kind === 'appended') this.waiting.set(proposed.index, { term: proposed.term, settle: once });
      else main.immediately(() => once(null));
    });
  }

  /** From the Raft thread. */
  restored(snapshot: Snapshot | null): void {
    this.options.main.immediately(() => {
      if (snapshot === null || snapshot.index === 0) return;
      const { book, rules } = this.options;
      const saved = book.snapshots[idOf(snapshot.data)];
      if (saved === undefined) throw new Error(`there is no snapshot ${idOf(snapshot.data)}`);
      const before = this.membership;
      this.membership = new Membership(rules, JSON.parse(saved.state) as MembershipSnapshot);
      this.applied.index = snapshot.index;
      this.applied.hash = saved.hash;
      this.snapshotIndex = snapshot.index;
      this.options.onState(this.applied);
      this.options.onMissed(missedBetween(before, this.membership));
      this.caughtUp();
    });
  }

  /** From the Raft thread. */
  committed(entries: readonly Entry[]): void {
    this.options.main.immediately(() => {
      for (const entry of entries) this.apply(entry);
      this.caughtUp();
      this.compact();
    });
  }

  /** From the Raft thread. */
  readable(requestId: number, index: number | null): void {
    this.options.main.immediately(() => {
      this.reads.get(requestId)?.(index);
      this.reads.delete(requestId);
    });
  }

  /** From the Raft thread: it has turned. */
  turned({ isLeader, term }: Raft): void {
    if (this.seen.isLeader === isLeader && this.seen.term === term) return;
    const role = { isLeader, term };
    this.seen = role;
    this.options.main.immediately(() => this.roleChanged(role));
  }

  private roleChanged(role: Mandate): void {
    this.role = role;
    this.catching = null;
    if (role.isLeader) this.takeOver(role.term);
    this.options.onMandate();
  }

  /** A new leader may not judge before it knows all that was agreed. */
  private takeOver(term: number): void {
    const { member, main } = this.options;
    if (!this.role.isLeader || this.role.term !== term || this.readyTerm === term || this.catching !== null) return;
    const id = ++this.requestId;
    const again = main.wakeAfter(READ_MS_MAX, () => this.takeOver(term));
    this.reads.set(id, (index) => {
      if (this.role.term !== term) return;
      if (index === null) {
        main.wakeAfter(RETRY_MS, () => this.takeOver(term));
        return;
      }
      again.cancel();
      this.catching = { index, term };
      this.caughtUp();
    });
    member.order((raft) => raft.requestRead(id));
  }

  private caughtUp(): void {
    const { catching } = this;
    if (catching === null || this.applied.index < catching.index) return;
    this.catching = null;
    this.readyTerm = catching.term;
    this.options.onMandate();
  }

  private apply(entry: Entry): void {
    const { book, onApplied, onState } = this.options;
    this.applied.apply(entry);
    onState(this.applied);
    const waiting = this.waiting.get(entry.index);
    this.waiting.delete(entry.index);
    if (entry.kind !== 'command') return waiting?.settle(null);
    const command = book.commands[idOf(entry.data)];
    if (command === undefined) throw new Error(`there is no command ${idOf(entry.data)}`);
    const agreed: AgreedEntry = { index: entry.index, term: entry.term, command };
    const outcome = this.membership.apply(agreed);
    onApplied(agreed, outcome);
    waiting?.settle(waiting.term === entry.term ? outcome : null);
  }

  private compact(): void {
    const { member, book, snapshotEntries } = this.options;
    const { index, hash } = this.applied;
    if (index - this.snapshotIndex < snapshotEntries) return;
    this.snapshotIndex = index;
    const id = book.snapshots.push({ state: JSON.stringify(this.membership.snapshot()), hash }) - 1;
    member.order(() => member.compact(index, commandOf(id)));
  }
}

/** What happened between two states, as the shell tells its readers; where the history does not reach back, who is there. */
function missedBetween(before: Membership, after: Membership): readonly Change[] {
  if (before.index >= after.forgottenIndex) return after.changesAfter(before.index, Number.MAX_SAFE_INTEGER);
  return [...after.all()].map(({ record }, ordinal): Change => ({ kind: 'transition', index: record.index, term: record.term, ordinal, atUnixMs: record.changedAtUnixMs, from: null, member: record, silenceMs: null, failure: null }));
}
