/**
 * The replicated log over a Raft group: commands in, agreed entries into the machine, on every coordinator.
 *
 * Only the leader proposes. What is proposed in one turn of the event loop is asked once more before it is handed over, so that what was
 * learnt meanwhile counts. Agreement, durability and elections are the group's.
 */
import type { Logger } from '@muster/contracts';
import { type Applied, RaftUnavailable, type Role, type StateMachine as ByteMachine } from '@muster/raft-node';
import { canAgree } from '../agreeing.js';
import { decodeState, encodePieces, encodeState } from './state-codec.js';
import type { LogGroup } from './log-group.js';
import { logStatus } from './log-status.js';
import type { LogStatus, Mandate, Proposed, ProposeOptions, ReplicatedLog, StateMachine } from './replicated-log.js';

export interface RaftLogOptions {
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** Told once, when all is applied here that had been agreed when we came. */
  readonly onCaughtUp?: () => void;
  /** Between two tries to get a word from the leader. Milliseconds. Default 100. */
  readonly retryMs?: number;
}

interface Waiting<C, O> {
  readonly command: C;
  readonly revise: (command: C) => C | null;
  readonly resolve: (proposed: Proposed<O>) => void;
}

/** Proposals that wait or are under way. Count. */
const PROPOSALS_MAX = 10_000;
const READ_MS_MAX = 1000;
const RETRY_MS = 100;
/** How long a handover may take before we end without one. Milliseconds. */
const HAND_OVER_MS_MAX = 1500;
/** How long proposals under way are waited for at the end. Milliseconds. */
const CLOSE_MS_MAX = 2000;

export class RaftLog<C, O> implements ReplicatedLog<C, O> {
  private group: LogGroup | null = null;
  private role: Role = { role: 'follower', term: 0, leaderId: null };
  /** The term in which everything of before was applied here. */
  private readyTerm = 0;
  private askedTerm = 0;
  private told: Mandate = { isLeader: false, term: 0 };
  private waiting: Waiting<C, O>[] = [];
  private readonly underway = new Set<Promise<void>>();
  private readonly listeners = new Set<(mandate: Mandate) => void>();
  private isScheduled = false;
  private isClosed = false;

  /** What the group applies to. */
  readonly machine: ByteMachine = {
    apply: (data, index, term) => this.state.apply({ index, term, command: decodeState(data) as C }),
    snapshot: () => encodePieces(this.state.snapshot()),
    restore: (data) => this.state.restore(decodeState(data)),
  };

  constructor(
    private readonly state: StateMachine<C, O>,
    private readonly options: RaftLogOptions,
  ) {}

  /** Begins with the group that was made with our `machine` and `roleChanged`. */
  use(group: LogGroup): void {
    this.group = group;
    this.roleChanged(this.role);
    void this.catchUp(group);
  }

  roleChanged(role: Role): void {
    this.role = role;
    if (role.role === 'leader' && this.group !== null && this.askedTerm !== role.term) {
      this.askedTerm = role.term;
      void this.takeOver(this.group, role.term);
    }
    this.tellMandate();
  }

  propose(command: C, { revise = (it) => it }: ProposeOptions<C> = {}): Promise<Proposed<O>> {
    if (this.isClosed) return unavailable('closed', 'the log is closed');
    if (this.role.role !== 'leader') return unavailable('not-leader', this.role.leaderId === null ? 'no leader is known' : `'${this.role.leaderId}' leads`);
    if (this.waiting.length + this.underway.size >= PROPOSALS_MAX) return unavailable('busy', `${PROPOSALS_MAX} proposals are under way`);
    return new Promise((resolve) => {
      this.waiting.push({ command, revise, resolve });
      this.schedule();
    });
  }

  mandate(): Mandate {
    const { role, term } = this.role;
    return { isLeader: role === 'leader' && this.readyTerm === term && !this.isClosed, term };
  }

  onMandate(listener: (mandate: Mandate) => void): void {
    this.listeners.add(listener);
  }

  status(): LogStatus {
    return logStatus(this.group?.status() ?? null, this.isClosed);
  }

  async handOver(): Promise<string | null> {
    const { group } = this;
    if (group === null || this.isClosed || this.role.role !== 'leader') return null;
    const { nodeId, peers } = group.status();
    if (!peers.some((peer) => peer.voter && peer.nodeId !== nodeId)) return null;
    try {
      const to = await within(group.transfer(), HAND_OVER_MS_MAX);
      if (to === null) throw new Error(`nobody took over within ${HAND_OVER_MS_MAX} ms`);
      this.options.logger.info({ to }, `'${to}' leads from here on`);
      return to;
    } catch (error) {
      this.options.logger.warn({ reason: String(error) }, 'leadership could not be handed over: the others elect a leader when we are gone');
      return null;
    }
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.flush();
    const { group } = this;
    if (group !== null && canAgree(group.status())) await within(Promise.all(this.underway), CLOSE_MS_MAX);
    this.isClosed = true;
    for (const { resolve } of this.waiting.splice(0)) resolve({ kind: 'unavailable', code: 'closed', reason: 'the log is closed' });
    this.tellMandate();
    await group?.stop();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      this.flush();
    });
  }

  private flush(): void {
    for (const waiting of this.waiting.splice(0)) {
      const command = waiting.revise(waiting.command);
      if (command === null) {
        waiting.resolve({ kind: 'withdrawn' });
        continue;
      }
      const handled = this.handOn(command).then(waiting.resolve);
      this.underway.add(handled);
      void handled.finally(() => this.underway.delete(handled));
    }
  }

  private async handOn(command: C): Promise<Proposed<O>> {
    if (this.group === null) return unavailable('not-leader', 'there is no group yet');
    try {
      const { index, term, result }: Applied = await this.group.propose(encodeState(command));
      return { kind: 'applied', index, term, outcome: result as O };
    } catch (error) {
      return error instanceof RaftUnavailable ? unavailable(error.code, error.message) : unavailable('unknown', String(error));
    }
  }

  /** A new leader may not judge before it knows all that was agreed: a read that the group vouches for waits for that. */
  private async takeOver(group: LogGroup, term: number): Promise<void> {
    const isStillOurs = (): boolean => !this.isClosed && this.role.role === 'leader' && this.role.term === term;
    if (!(await this.readUntil(group, () => !isStillOurs())) || !isStillOurs()) return;
    this.readyTerm = term;
    this.tellMandate();
  }

  private async catchUp(group: LogGroup): Promise<void> {
    if (await this.readUntil(group, () => this.isClosed)) this.options.onCaughtUp?.();
  }

  /** False when it became pointless before. */
  private async readUntil(group: LogGroup, isPointless: () => boolean): Promise<boolean> {
    while (!isPointless()) {
      try {
        await group.read(READ_MS_MAX);
        return true;
      } catch {
        // No leader yet, or none that a majority vouches for.
        await new Promise((again) => setTimeout(again, this.options.retryMs ?? RETRY_MS).unref());
      }
    }
    return false;
  }

  private tellMandate(): void {
    const mandate = this.mandate();
    if (mandate.isLeader === this.told.isLeader && mandate.term === this.told.term) return;
    this.told = mandate;
    for (const listener of this.listeners) listener(mandate);
  }
}

function unavailable<O>(code: Extract<Proposed<O>, { kind: 'unavailable' }>['code'], reason: string): Promise<Proposed<O>> {
  return Promise.resolve({ kind: 'unavailable', code, reason });
}

/** Null when it takes longer. */
async function within<T>(work: Promise<T>, limitMs: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, limitMs, null);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
